const COLOURS = ['Amber', 'Coral', 'Indigo', 'Jade', 'Ochre', 'Scarlet', 'Teal', 'Violet'];
const ANIMALS = ['Badger', 'Crane', 'Fox', 'Heron', 'Lynx', 'Marten', 'Otter', 'Wren'];

export function randomName() {
  return `${anyOf(COLOURS)} ${anyOf(ANIMALS)}`;
}

function anyOf(list) {
  return list[Math.floor(Math.random() * list.length)];
}
