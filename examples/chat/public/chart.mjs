const SECONDS = 60;
const HEIGHT = 20;

/** The last minute of messages per second, newest at the right edge. */
export class Chart {
  constructor(area, line) {
    this.area = area;
    this.line = line;
    this.values = new Array(SECONDS + 1).fill(0);
  }

  add(value) {
    this.values.push(value);
    this.values.shift();
    const highest = Math.max(10, ...this.values);
    const points = this.values
      .map((each, second) => `${second},${(HEIGHT - (each / highest) * (HEIGHT - 2)).toFixed(2)}`)
      .join(' ');
    this.line.setAttribute('points', points);
    this.area.setAttribute('points', `0,${HEIGHT} ${points} ${SECONDS},${HEIGHT}`);
  }
}
