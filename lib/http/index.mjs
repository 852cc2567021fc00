import http from './index.js';

export const { createServer, Server } = http;

export default http;
