'use strict';

// RFC 9110 §5.6.2; RFC 6455 §4.1 asks the same of subprotocol names.
const NOT_IN_TOKEN = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

/**
 * The first character of `text` that no token may hold.
 *
 * @param {string} text
 * @returns {string | undefined} undefined if there is none
 */
function firstIllegalCharacter(text) {
  return NOT_IN_TOKEN.exec(text)?.[0];
}

/**
 * The members of a comma-separated header value, without the empty ones that RFC 9110 §5.6.1 lets a
 * sender leave in it.
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
  // The whole value, as most clients send it, needs no list.
  if (value?.length === token.length) return value.toLowerCase() === token;
  return splitList(value).some((member) => member.toLowerCase() === token);
}

module.exports = { firstIllegalCharacter, listHas, splitList };
