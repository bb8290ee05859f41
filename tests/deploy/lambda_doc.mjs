// Reads docs/lambda.md: code blocks, words in code, tables.
export const docPath = 'docs/lambda.md';

/** [language, text] of each fenced block. */
export const blocksOf = (doc) =>
  [...doc.matchAll(/^```(\w*)\n(.*?)^```$/gms)].map(([, language, text]) => [language, text]);

export const blocksIn = (doc, language) =>
  blocksOf(doc)
    .filter(([own]) => own === language)
    .map(([, text]) => text);

export const proseOf = (doc) => doc.replace(/^```\w*\n.*?^```$/gms, '');

/** What stands between backquotes in the prose. */
export const wordsOf = (doc) => [...proseOf(doc).matchAll(/`([^`\n]+)`/g)].map(([, word]) => word);

/** Cells of the rows of the table under a heading. */
export function tableUnder(doc, heading) {
  const section =
    proseOf(doc)
      .split(/^##+ /m)
      .find((text) => text.startsWith(heading)) ?? '';
  const rows = section.match(/^\|.*\|$/gm) ?? [];
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  );
}

export const unquoted = (cell) => cell.replaceAll('`', '');
