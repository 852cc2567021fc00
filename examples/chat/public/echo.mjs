const IN_FLIGHT = 500;

/** Sends `total` messages, `IN_FLIGHT` at a time; resolves with the seconds until the last echo. */
export function runEcho(url, total) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    let sent = 0;
    let received = 0;
    let startedAt = 0;

    const sendOne = () => {
      socket.send(`message ${sent}`);
      sent += 1;
    };

    socket.onopen = () => {
      startedAt = performance.now();
      while (sent < Math.min(IN_FLIGHT, total)) {
        sendOne();
      }
    };
    socket.onmessage = ({ data }) => {
      if (data !== `message ${received}`) {
        reject(new Error(`Expected message ${received}, got ${data}`));
        socket.close();
        return;
      }
      received += 1;
      if (sent < total) {
        sendOne();
      }
      if (received === total) {
        resolve((performance.now() - startedAt) / 1000);
        socket.close(1000);
      }
    };
    // After a result this changes nothing: a promise settles once.
    socket.onclose = () => {
      const [some, all] = [received, total].map((count) => count.toLocaleString('en'));
      reject(new Error(`Connection lost after ${some} of ${all} echoes`));
    };
  });
}
