/** Words of a command line. */

/** @param {string} word As a shell needs it to take it for one word. */
export function quoted(word) {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/["\\$`]/g, "\\$&")}"`;
}

/**
 * Splits a line into words as a shell does: blanks part them, quotes and `\` keep them.
 * @param {string} line
 */
export function split(line) {
  const words = [];
  for (const match of line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)) {
    words.push(match[0].replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, one, double, single) =>
      one ?? single ?? double.replace(/\\(["\\$`])/g, "$1")));
  }
  return words;
}
