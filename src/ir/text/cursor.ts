import { quoted } from './names.js';

/** Thrown for text that is not in the syntax; the message says where. */
export class TextError extends Error {
  constructor(message: string, line: number, column: number) {
    super(`line ${line}, column ${column}: ${message}`);
    this.name = 'TextError';
  }
}

const SPACE = /(?:[ \t\n\v\f\r]+|#[^\n]*)*/y;
const IDENTIFIER = /[A-Za-z_][A-Za-z0-9_]*/y;
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
const NUMBER = /-?(?:\d+\.?\d*(?:[eE][-+]?\d*)?|[A-Za-z]+)/y;

/** A position in a text, and the tokens that can be read from there. White space and `#` comments are skipped. */
export class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skip();
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Whether `token` comes next. */
  sees(token: string): boolean {
    return this.#text.startsWith(token, this.#at);
  }

  /** Moves past `token` if it comes next. */
  takes(token: string): boolean {
    if (!this.sees(token)) return false;
    this.#at += token.length;
    this.#skip();
    return true;
  }

  expect(token: string): void {
    if (!this.takes(token)) throw this.error(`expected ${token}`);
  }

  /** The identifier that comes next, without moving; empty when none does. */
  peekIdentifier(): string {
    return this.#match(IDENTIFIER)?.[0] ?? '';
  }

  identifier(): string {
    return this.#token(IDENTIFIER, 'an identifier');
  }

  /** Text in double quotes. */
  string(): string {
    return unquoted(this.#token(STRING, 'a string in double quotes'));
  }

  /** An identifier, or any name in double quotes. */
  name(): string {
    return this.sees('"') ? this.string() : this.identifier();
  }

  /** The text of a number, `inf` or `nan`. */
  number(): string {
    return this.#token(NUMBER, 'a number');
  }

  int(): number {
    const text = this.number();
    if (!/^-?\d+$/.test(text)) throw this.error(`expected an integer before this, not ${text}`);
    return Number(text);
  }

  /** Items between brackets, separated by commas. */
  list<T>(open: string, close: string, item: () => T): T[] {
    this.expect(open);
    const items: T[] = [];
    if (this.takes(close)) return items;
    do items.push(item());
    while (this.takes(','));
    this.expect(close);
    return items;
  }

  /** Whether `token` follows the string that comes next. */
  stringThen(token: string): boolean {
    const start = this.#at;
    this.string();
    const follows = this.sees(token);
    this.#at = start;
    return follows;
  }

  error(message: string): TextError {
    const before = this.#text.slice(0, this.#at).split('\n');
    const found = this.#text.slice(this.#at, this.#at + 20).split('\n')[0] ?? '';
    const what = this.atEnd ? 'the end' : quoted(found);
    return new TextError(`${message}, found ${what}`, before.length, (before.at(-1)?.length ?? 0) + 1);
  }

  #token(pattern: RegExp, what: string): string {
    const found = this.#match(pattern);
    if (!found) throw this.error(`expected ${what}`);
    this.#at += found[0].length;
    this.#skip();
    return found[0];
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#text);
  }

  #skip(): void {
    this.#at += this.#match(SPACE)?.[0].length ?? 0;
  }
}

function unquoted(text: string): string {
  return text.slice(1, -1).replace(/\\(.)/gs, '$1');
}
