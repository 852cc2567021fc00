import https from './https.js';

export const { createServer, Server } = https;

export default https;
