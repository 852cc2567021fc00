'use strict';

// RFC 9110 §5.6.2. RFC 6455 §4.1 demands a token as the name of a subprotocol, too.
const TOKEN_CHARACTERS = "!#$%&'*+\\-.^_`|~0-9A-Za-z";
const NOT_IN_TOKEN = new RegExp(`[^${TOKEN_CHARACTERS}]`);
const TOKEN = new RegExp(`[${TOKEN_CHARACTERS}]+`, 'y');

/**
 * The first character of `text` that a token may not have.
 *
 * @param {string} text
 * @returns {string | undefined} undefined if there is none
 */
function firstIllegalCharacter(text) {
  return NOT_IN_TOKEN.exec(text)?.[0];
}

/**
 * The token that begins at `start`, up to the first character that a token may not have.
 *
 * @param {string} text
 * @param {number} start
 * @returns {string} '' if there is none
 */
function tokenAt(text, start) {
  TOKEN.lastIndex = start;
  return TOKEN.exec(text)?.[0] ?? '';
}

/**
 * The members of a comma-separated header value. It skips empty ones, which RFC 9110 §5.6.1 allows.
 *
 * @param {string | undefined} value
 */
function splitList(value) {
  const members = [];
  if (!value) return members;
  for (const part of value.split(',')) {
    const member = part.trim();
    if (member !== '') members.push(member);
  }
  return members;
}

/**
 * Whether a comma-separated header value has a member, in any case.
 *
 * @param {string | undefined} value
 * @param {string} token in lower case
 */
function listHas(value, token) {
  // Most clients send the token alone, which needs no list.
  if (value?.length === token.length) return value.toLowerCase() === token;
  return splitList(value).some((member) => member.toLowerCase() === token);
}

module.exports = { firstIllegalCharacter, listHas, splitList, tokenAt };
