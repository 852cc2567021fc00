const RETRY_MS = { first: 500, longest: 10_000 };
// The server sends its counts every second, so a silence of this length means a dead line. Nothing
// else shows it if a phone changes its network. An attempt to connect has the same limit.
const LONGEST_SILENCE_MS = 10_000;

/** A WebSocket for JSON that reconnects when it is lost, with a longer wait after each failure. */
export class Connection {
  #url;
  #protocol;
  #handlers;
  #socket;
  #silence;
  #retry = null;
  #retryAfter = RETRY_MS.first;

  /**
   * `handlers` has onOpen(), onMessage(value) and onLost(). A failed attempt to connect also calls
   * onLost().
   */
  constructor(url, protocol, handlers) {
    this.#url = url;
    this.#protocol = protocol;
    this.#handlers = handlers;
    // The timers of a hidden or sleeping tab are late, so it retries at once when it returns.
    window.addEventListener('online', () => this.#retryNow());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.#retryNow();
    });
    this.#open();
  }

  /** Sends `value` as JSON, or does nothing while there is no connection. */
  send(value) {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(JSON.stringify(value));
    }
  }

  /** Makes the next wait short again. Call it when the server has given a useful answer. */
  resetRetries() {
    this.#retryAfter = RETRY_MS.first;
  }

  #open() {
    this.#retry = null;
    const socket = new WebSocket(this.#url, this.#protocol);
    this.#socket = socket;
    socket.onopen = () => this.#handlers.onOpen();
    socket.onmessage = (event) => {
      this.#expectMore();
      this.#handlers.onMessage(JSON.parse(event.data));
    };
    socket.onclose = () => this.#lose();
    this.#expectMore();
  }

  #expectMore() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(), LONGEST_SILENCE_MS);
  }

  #lose() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    // A random part keeps all tabs from coming back to a restarted server at once.
    this.#retry = setTimeout(() => this.#open(), this.#retryAfter * (0.5 + Math.random() / 2));
    this.#retryAfter = Math.min(this.#retryAfter * 2, RETRY_MS.longest);
    this.#handlers.onLost();
  }

  #retryNow() {
    if (this.#retry !== null) {
      clearTimeout(this.#retry);
      this.#open();
    }
  }
}
