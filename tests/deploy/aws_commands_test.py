#!/usr/bin/python3
"""Checks each `aws` command of docs/lambda.md against AWS's service models (python3-botocore)."""
import pathlib
import re
import shlex
import unittest

import botocore.session
from botocore import xform_name
from botocore.exceptions import UnknownServiceError

DOC = pathlib.Path(__file__).parents[2] / "docs" / "lambda.md"
SESSION = botocore.session.get_session()
GLOBAL = {"--query", "--output", "--region", "--profile", "--cli-binary-format"}
COMMAND = re.compile(r"""(?<![\w:/.-])aws ((?:'[^']*'|"[^"]*"|[^|;&)>\n])*)""")
# What the CLI adds to the services: options.
OWN = {
    ("s3", "sync"): set(),
    ("logs", "tail"): {"--since", "--format", "--follow"},
}


def commands(doc):
    for block in re.findall(r"^```sh\n(.*?)^```$", doc, re.M | re.S):
        joined = block.replace("\\\n", " ")
        for arguments in COMMAND.findall(joined):
            yield shlex.split(arguments)


def flag(member):
    return "--" + xform_name(member, "-")


def operation_of(service, command):
    model = SESSION.get_service_model(service)
    for name in model.operation_names:
        if xform_name(name, "-") == command:
            return model.operation_model(name)
    return None


def waited_operation(service, name):
    """The operation that a waiter calls; absent if there is no such waiter."""
    waiters = SESSION.get_waiter_model(service)
    for waiter in waiters.waiter_names:
        if xform_name(waiter, "-") == name:
            operation = waiters.get_waiter(waiter).operation
            return SESSION.get_service_model(service).operation_model(operation)
    return None


def positionals(operation):
    """The file that an answer's stream goes to."""
    return 1 if operation.get_streaming_output() else 0


def problems_of(words):
    service, command, *rest = words
    options = {word.split("=")[0] for word in rest if word.startswith("--")}
    title = f"aws {service} {command}"
    if (service, command) in OWN:
        unknown = options - OWN[service, command] - GLOBAL
        return [f"{title} has no option {option}" for option in sorted(unknown)]
    try:
        if command == "wait":
            operation, rest = waited_operation(service, rest[0]), rest[1:]
        else:
            operation = operation_of(service, command)
    except UnknownServiceError:
        return [f"aws has no service {service}"]
    if operation is None:
        return [f"{title} is no command"]
    shape = operation.input_shape
    known = {flag(member) for member in shape.members}
    needed = {flag(member) for member in shape.required_members}
    found = [f"{title} has no option {option}" for option in sorted(options - known - GLOBAL)]
    found += [f"{title} lacks {option}" for option in sorted(needed - options)]
    plain = [word for before, word in zip(["", *rest], rest)
             if not word.startswith("--") and not before.startswith("--")]
    if len(plain) != positionals(operation):
        found.append(f"{title} has the words {plain}")
    return found


def check(doc):
    return [problem for words in commands(doc) for problem in problems_of(words)]


MISTAKES = [
    ("dynamodb describe-table", "dynamo describe-table", "no service dynamo"),
    ("dynamodb describe-table", "dynamodb show-table", "is no command"),
    ("--stream-specification", "--stream", "has no option --stream"),
    ("wait table-exists", "wait table-ready", "is no command"),
    ("updated-v2 --function-name", "updated-v2 --function", "lacks --function-name"),
    ("lambda invoke --function-name dynamite", "lambda invoke", "lacks --function-name"),
    (" answer.json\n", "\n", "has the words []"),
    ("--policy-document file", "--document file", "lacks --policy-document"),
    ("--since", "--from", "has no option --from"),
]


class AwsCommands(unittest.TestCase):
    def setUp(self):
        self.doc = DOC.read_text(encoding="utf8")

    def test_fit_the_services(self):
        self.assertGreater(len(list(commands(self.doc))), 12)
        self.assertEqual(check(self.doc), [])

    def test_mistakes_are_found(self):
        for right, wrong, found in MISTAKES:
            with self.subTest(wrong):
                mutated = self.doc.replace(right, wrong, 1)
                self.assertNotEqual(mutated, self.doc)
                self.assertTrue(any(found in problem for problem in check(mutated)), check(mutated))


if __name__ == "__main__":
    unittest.main()
