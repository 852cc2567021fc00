import doors from './https.js';

export import createServer = doors.createServer;
export import Server = doors.Server;

export default doors;
