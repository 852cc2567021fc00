const COLOURS = ['Amber', 'Coral', 'Indigo', 'Jade', 'Ochre', 'Scarlet', 'Teal', 'Violet'];
const ANIMALS = ['Badger', 'Crane', 'Fox', 'Heron', 'Lynx', 'Marten', 'Otter', 'Wren'];

export function randomName() {
  return `${anyOf(COLOURS)} ${anyOf(ANIMALS)}`;
}

/** A secret that identifies this tab to the server: 128 bits as 32 hexadecimal digits. */
export function randomKey() {
  // Unlike crypto.randomUUID(), this works without HTTPS too.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}
