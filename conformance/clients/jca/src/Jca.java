import com.azure.security.keyvault.jca.KeyVaultJcaProvider;
import com.azure.security.keyvault.jca.KeyVaultLoadStoreParameter;
import java.net.InetAddress;
import java.net.Socket;
import java.security.Key;
import java.security.KeyStore;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.*;

/**
 * Loads the key store of type AzureKeyVault and runs a TLS server on each certificate that is named as an argument, as NAME=LENGTH: the
 * certificates that its chain must have. The key of a NAME that ends in "kept" must stay in the vault: the provider signs there.
 */
public class Jca {
  public static void main(String[] args) throws Exception {
    Security.addProvider(new KeyVaultJcaProvider());
    KeyStore vault = KeyStore.getInstance("AzureKeyVault");
    vault.load(new KeyVaultLoadStoreParameter(System.getenv("AZURE_KEYVAULT_URL")));
    for (String arg : args) {
      String name = arg.split("=")[0];
      check(vault, name, Integer.parseInt(arg.split("=")[1]));
      for (String protocol : new String[] {"TLSv1.2", "TLSv1.3"}) serve(vault, name, protocol);
    }
    System.exit(0); // the provider's timer would keep us
  }

  /** The whole chain is there, leaf first, each signed by the next; the key leaves the vault only if it may. */
  static void check(KeyStore vault, String name, int length) throws Exception {
    Certificate[] chain = vault.getCertificateChain(name);
    if (chain == null || chain.length != length) throw new Exception(name + ": a chain of " + (chain == null ? 0 : chain.length) + ", want " + length);
    if (!chain[0].equals(vault.getCertificate(name))) throw new Exception(name + ": the leaf is not first");
    for (int i = 0; i < length; i++) chain[i].verify(chain[Math.min(i + 1, length - 1)].getPublicKey());
    Key key = vault.getKey(name, null);
    if (!(key instanceof PrivateKey)) throw new Exception(name + ": no private key but " + key);
    boolean kept = key.getClass().getSimpleName().equals("KeyVaultPrivateKey"); // which holds the key's id
    if (kept != name.endsWith("kept")) throw new Exception(name + ": its key is " + (kept ? "not " : "") + "here, a " + key.getClass());
  }

  /** A server with the certificate and a client that trusts the last one of its chain speak to each other. */
  static void serve(KeyStore vault, String name, String protocol) throws Exception {
    SSLContext here = SSLContext.getInstance("TLS");
    here.init(new KeyManager[] {only(vault, name)}, null, null);
    KeyStore roots = KeyStore.getInstance("PKCS12");
    roots.load(null, null);
    Certificate[] chain = vault.getCertificateChain(name);
    roots.setCertificateEntry("root", chain[chain.length - 1]);
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(roots);
    SSLContext there = SSLContext.getInstance("TLS");
    there.init(null, trust.getTrustManagers(), null);

    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (SSLServerSocket door = (SSLServerSocket) here.getServerSocketFactory().createServerSocket(0, 1, loopback)) {
      door.setEnabledProtocols(new String[] {protocol});
      CompletableFuture<Void> served = CompletableFuture.runAsync(() -> {
        try (Socket s = door.accept()) {
          s.getOutputStream().write(s.getInputStream().read() + 1);
        } catch (Exception e) {
          throw new RuntimeException(e);
        }
      });
      try (Socket plain = new Socket(loopback, door.getLocalPort());
          SSLSocket s = (SSLSocket) there.getSocketFactory().createSocket(plain, name + ".example.test", plain.getPort(), true)) {
        s.setSoTimeout(30_000);
        SSLParameters checks = s.getSSLParameters();
        checks.setEndpointIdentificationAlgorithm("HTTPS");
        s.setSSLParameters(checks);
        s.getOutputStream().write(41);
        if (s.getInputStream().read() != 42) throw new Exception("another answer");
        if (!s.getSession().getProtocol().equals(protocol)) throw new Exception("another protocol");
        if (!s.getSession().getPeerCertificates()[0].equals(chain[0])) throw new Exception("another certificate");
        System.out.println(name + ": " + protocol + " " + s.getSession().getCipherSuite() + ", chain of " + chain.length);
      } finally {
        served.get(30, TimeUnit.SECONDS);
      }
    }
  }

  /** The key manager of the key store, made to choose one certificate. */
  static KeyManager only(KeyStore vault, String name) throws Exception {
    KeyManagerFactory f = KeyManagerFactory.getInstance("SunX509");
    f.init(vault, new char[0]);
    X509KeyManager all = (X509KeyManager) f.getKeyManagers()[0];
    return new X509ExtendedKeyManager() {
      public String[] getClientAliases(String type, Principal[] issuers) { return null; }
      public String chooseClientAlias(String[] types, Principal[] issuers, Socket s) { return null; }
      public String[] getServerAliases(String type, Principal[] issuers) { return new String[] {name}; }
      public String chooseServerAlias(String type, Principal[] issuers, Socket s) {
        X509Certificate[] chain = all.getCertificateChain(name);
        return chain != null && chain[0].getPublicKey().getAlgorithm().equals(type) ? name : null;
      }
      public X509Certificate[] getCertificateChain(String alias) { return all.getCertificateChain(alias); }
      public PrivateKey getPrivateKey(String alias) { return all.getPrivateKey(alias); }
    };
  }
}
