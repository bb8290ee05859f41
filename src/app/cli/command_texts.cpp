#include "app/cli/command_texts.hpp"

#include <array>

namespace dynamite {
namespace {

using Command = CommandLine::Command;

constexpr std::array<CommandText, 12> kCommands{{
    {Command::bootstrap, "bootstrap",
     "Create the replica tables and the state schema.\nSafe to repeat.",
     "  dynamite bootstrap                   every table of the region, or of the file\n"
     "  dynamite bootstrap --dry-run | psql  let somebody else run the SQL"},
    {Command::verifydb, "verifydb",
     "Feed random stream records through the Lambda handler\n"
     "into a test table and check it against a model.",
     "  dynamite verifydb --items 10 --events 150"},
    {Command::snapshot, "snapshot",
     "Copy each table once by parallel Scan.\nResumes an unfinished pass.",
     "  dynamite snapshot --table Orders\n"
     "  dynamite snapshot --all --set segments=16 --set max_read_units=500"},
    {Command::replicate, "replicate",
     "Create the tables, copy them, and follow their\nstreams until stopped.",
     "  dynamite replicate --table Orders --table Customers\n"
     "  dynamite replicate --all --once      stop when drained"},
    {Command::lambda, "lambda", "Serve the AWS Lambda Runtime API.\nThe default inside Lambda.",
     "  AWS_LAMBDA_RUNTIME_API=localhost:9001 dynamite lambda"},
    {Command::apply, "apply",
     "Apply recorded Lambda events, stream records, arrays of\n"
     "them, or objects of an on-failure destination: JSON or\n"
     "JSON lines, gzip or not. What is something else is named\n"
     "by its place and passed over. Exit status 3 if something\n"
     "was, or if records were gone from their stream.",
     "  dynamite apply event.json records.jsonl.gz\n"
     "  aws dynamodbstreams get-records --shard-iterator I |\n"
     "    dynamite apply --stream-arn ARN -\n"
     "  aws sqs receive-message --queue-url URL | dynamite apply -"},
    {Command::dead_letters, "dead-letters",
     "List the records that could not be applied, show one,\n"
     "retry or discard them. A retry reads the item again.",
     "  dynamite dead-letters\n"
     "  dynamite dead-letters show --id 7 --reveal\n"
     "  dynamite dead-letters retry --all --table Orders"},
    {Command::release, "release", "Give tables that a dead daemon followed back to Lambda.",
     "  dynamite release --table Orders"},
    {Command::compare, "compare",
     "Compare source and replica item by item.\nExit status 3 if they differ.",
     "  dynamite compare --table Orders\n"
     "  dynamite compare --table Orders --repair   also while it is followed\n"
     "  dynamite compare --all --sample 10000"},
    {Command::status, "status",
     "Show state, lag, gaps and dead letters.\nExit status 3 if unhealthy.",
     "  dynamite status --json | jq ."},
    {Command::load, "load", "Write random items of every type into a DynamoDB table.",
     "  dynamite load --table Orders --create customer:S,placed_at:N --items 5000\n"
     "  dynamite load --table Orders --rate 200 --duration 30s --seed 7"},
    {Command::package, "package",
     "Write the zip of an AWS Lambda function: the program,\n"
     "certificates, and the file that --config names.",
     "  dynamite package --config dynamite.toml --rds-ca global-bundle.pem"},
}};

}  // namespace

std::span<const CommandText> command_texts() noexcept { return kCommands; }

}  // namespace dynamite
