'use strict';

const { tokenAt } = require('../internal/handshake/tokens');

/**
 * Reads a header that is a list of tokens, from its start to its end. Spaces and tabs may stand on
 * both sides of a separator.
 */
class HeaderReader {
  /** @param {string} text */
  constructor(text) {
    this._text = text;
    this._at = 0;
  }

  /**
   * @returns {string}
   * @throws {SyntaxError} if there is no token
   */
  readToken() {
    const token = tokenAt(this._text, this._at);
    if (token === '') throw this._fault();
    this._at += token.length;
    return token;
  }

  /**
   * Reads a token, or a quoted string that is a token without its quotes and backslashes (RFC 6455
   * §9.1).
   *
   * @returns {string}
   * @throws {SyntaxError}
   */
  readValue() {
    if (!this.skip('"')) return this.readToken();
    let value = '';
    do {
      value += this.skip('\\') ? this._readTokenCharacter() : this.readToken();
    } while (!this.skip('"'));
    return value;
  }

  /**
   * Reads the separator behind a token.
   *
   * @param {string} separators the characters that may follow
   * @returns {string} one of them; '' at the end of the header
   * @throws {SyntaxError}
   */
  readSeparator(separators) {
    const end = this._at;
    this._skipSpace();
    const separator = this._text.charAt(this._at);
    const isTrailingSpace = separator === '' && this._at > end;
    if (isTrailingSpace || !separators.includes(separator)) throw this._fault();
    this._at++;
    this._skipSpace();
    return separator;
  }

  /**
   * Skips a character, if it comes next.
   *
   * @param {string} character
   * @returns {boolean} whether it does
   */
  skip(character) {
    if (this._text[this._at] !== character) return false;
    this._at++;
    return true;
  }

  _readTokenCharacter() {
    const [character] = tokenAt(this._text.charAt(this._at), 0);
    if (character === undefined) throw this._fault();
    this._at++;
    return character;
  }

  _skipSpace() {
    while (this._text[this._at] === ' ' || this._text[this._at] === '\t') this._at++;
  }

  /** The error for the next character. */
  _fault() {
    const { _text: text, _at: at } = this;
    return new SyntaxError(
      at < text.length ? `Unexpected character at index ${at}` : 'Unexpected end of input',
    );
  }
}

module.exports = HeaderReader;
