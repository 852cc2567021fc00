import java.io.FileInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.TrustManagerFactory;

/**
 * A WebSocket client of Java's own.
 *
 * <pre>java Client.java URL CA_FILE VERSION TEXT</pre>
 *
 * It prints what comes back for the text, and the close code of the answer to its own close.
 */
public class Client {
  public static void main(String[] args) throws Exception {
    KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
    trusted.load(null);
    try (FileInputStream file = new FileInputStream(args[1])) {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      trusted.setCertificateEntry("ca", factory.generateCertificate(file));
    }
    TrustManagerFactory managers =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    SSLParameters parameters = context.getDefaultSSLParameters();
    parameters.setProtocols(new String[] {args[2]});
    HttpClient http =
        HttpClient.newBuilder().sslContext(context).sslParameters(parameters).build();

    CompletableFuture<String> echo = new CompletableFuture<>();
    CompletableFuture<Integer> closed = new CompletableFuture<>();
    WebSocket.Listener listener =
        new WebSocket.Listener() {
          private final StringBuilder text = new StringBuilder();

          @Override
          public CompletionStage<?> onText(WebSocket socket, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) echo.complete(text.toString());
            socket.request(1);
            return null;
          }

          @Override
          public CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
            closed.complete(code);
            return null;
          }

          @Override
          public void onError(WebSocket socket, Throwable error) {
            echo.completeExceptionally(error);
            closed.completeExceptionally(error);
          }
        };
    WebSocket socket = http.newWebSocketBuilder().buildAsync(URI.create(args[0]), listener).get();
    socket.sendText(args[3], true).get();
    System.out.println(echo.get());
    socket.sendClose(4001, "").get();
    System.out.println(closed.get());
    System.exit(0);
  }
}
