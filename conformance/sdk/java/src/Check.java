import com.azure.core.exception.HttpResponseException;
import com.azure.core.util.polling.SyncPoller;
import com.azure.identity.DefaultAzureCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.security.keyvault.certificates.CertificateClient;
import com.azure.security.keyvault.certificates.CertificateClientBuilder;
import com.azure.security.keyvault.certificates.models.*;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.KeyClientBuilder;
import com.azure.security.keyvault.keys.models.JsonWebKey;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.*;

/**
 * Checks a running server with the unmodified Azure SDK for Java: verification on, no client option set,
 * DefaultAzureCredential, and nothing but environment variables to find the vault. Run by: conformance/sdk/run java
 */
public final class Check {
    private static final String URL = System.getenv("AZURE_KEYVAULT_URL");
    static final DefaultAzureCredential CREDENTIAL = new DefaultAzureCredentialBuilder().build();
    private static final CertificateClient CERTIFICATES = new CertificateClientBuilder().vaultUrl(URL).credential(CREDENTIAL).buildClient();
    static final KeyClient KEYS = new KeyClientBuilder().vaultUrl(URL).credential(CREDENTIAL).buildClient();
    static final SecretClient SECRETS = new SecretClientBuilder().vaultUrl(URL).credential(CREDENTIAL).buildClient();
    static final String RUN = "java-" + System.currentTimeMillis() + "-";
    static final byte[] TEXT = "certwright".getBytes(StandardCharsets.UTF_8);

    interface Work {
        void run() throws Exception;
    }

    public static void main(String[] args) {
        Map<String, Work> checks = new LinkedHashMap<>();
        checks.put("create with Self, polled to its end; read, versions, policy, key and secret", Check::life);
        checks.put("RSA 3072, P-256, P-384, P-521 as PKCS#12 and PEM: key, secret and certificate agree", Check::material);
        checks.put("tags, disabling and enabling", Check::update);
        checks.put("lists by page", Check::lists);
        checks.put("import of PFX and PEM", Check::imports);
        checks.put("an issuer's order held, cancelled, rejected, completed", Check::orders);
        checks.put("Unknown: CSR out, certificate merged", Check::merge);
        checks.put("issuers: set, get, update, list, delete", Check::issuers);
        checks.put("contacts: set, get, delete", Check::contacts);
        checks.put("backup, delete, purge, restore", Check::backup);
        checks.put("delete, recover, delete, purge", Check::recovery);
        checks.put("error codes as the SDK reads them", Check::refusals);
        Keys.register(checks);
        Secrets.register(checks);
        int passed = 0, failed = 0;
        for (Map.Entry<String, Work> c : checks.entrySet()) {
            try {
                c.getValue().run();
                passed++;
                System.out.println("ok   " + c.getKey());
            } catch (Throwable e) { // each check stands alone; all of them are told
                failed++;
                System.out.println("FAIL " + c.getKey());
                e.printStackTrace(System.out);
            }
        }
        System.out.println(passed + " passed, " + failed + " failed; " + asked + " questions in all");
        System.exit(failed > 0 ? 1 : 0);
    }

    private static CertificatePolicy policy(String issuer, String subject) {
        return new CertificatePolicy(issuer, subject, new SubjectAlternativeNames().setDnsNames(List.of("a.example")))
            .setKeyType(CertificateKeyType.EC).setKeyCurveName(CertificateKeyCurveName.P_256).setExportable(true);
    }

    static KeyVaultCertificateWithPolicy create(String name, CertificatePolicy policy) {
        SyncPoller<CertificateOperation, KeyVaultCertificateWithPolicy> poller = CERTIFICATES.beginCreateCertificate(name, policy);
        poller.setPollInterval(Duration.ofMillis(200));
        poller.waitForCompletion();
        return poller.getFinalResult();
    }

    /** How many questions were asked. */
    private static int asked;

    static void is(Object want, Object got) {
        asked++;
        if (!Objects.equals(want, got)) {
            throw new AssertionError("got " + got + ", want " + want);
        }
    }

    static void same(byte[] want, byte[] got) {
        asked++;
        if (!Arrays.equals(want, got)) {
            throw new AssertionError("the bytes differ");
        }
    }

    static void refused(int status, String code, Work work) throws Exception {
        try {
            work.run();
        } catch (HttpResponseException e) {
            is(status, e.getResponse().getStatusCode());
            if (!e.getMessage().contains("\"code\":\"" + code + "\"") && !String.valueOf(e.getValue()).contains(code)) {
                throw new AssertionError("no code " + code + " in " + e.getMessage());
            }
            return;
        }
        throw new AssertionError(status + " " + code + " was expected, and it went through");
    }

    /** Signs with the secret's private key; certificate and key must verify it. */
    private static void agree(KeyVaultCertificate certificate, String contentType) throws Exception {
        String name = certificate.getName(), version = certificate.getProperties().getVersion();
        KeyVaultSecret secret = SECRETS.getSecret(name, version);
        is(contentType, secret.getProperties().getContentType());
        PrivateKey key;
        X509Certificate leaf;
        if (contentType.equals("application/x-pkcs12")) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(new ByteArrayInputStream(Base64.getDecoder().decode(secret.getValue())), new char[0]);
            String alias = Collections.list(store.aliases()).stream().filter(a -> isKey(store, a)).findFirst().orElseThrow();
            key = (PrivateKey) store.getKey(alias, new char[0]);
            leaf = (X509Certificate) store.getCertificate(alias);
        } else {
            String pem = secret.getValue();
            leaf = read(pem.substring(pem.indexOf("-----BEGIN CERTIFICATE")).getBytes(StandardCharsets.UTF_8));
            byte[] der = Base64.getMimeDecoder().decode(pem.substring(pem.indexOf("KEY-----") + 8, pem.indexOf("-----END PRIVATE")).trim());
            key = KeyFactory.getInstance(leaf.getPublicKey().getAlgorithm()).generatePrivate(new PKCS8EncodedKeySpec(der));
        }
        same(certificate.getCer(), leaf.getEncoded());
        JsonWebKey jwk = KEYS.getKey(name, version).getKey();
        PublicKey other = jwk.getN() != null ? jwk.toRsa().getPublic() : jwk.toEc().getPublic();
        Signature signer = Signature.getInstance(key.getAlgorithm().equals("RSA") ? "SHA256withRSA" : "SHA256withECDSA");
        signer.initSign(key);
        signer.update(TEXT);
        byte[] signature = signer.sign();
        for (PublicKey p : List.of(leaf.getPublicKey(), other)) {
            signer.initVerify(p);
            signer.update(TEXT);
            is(true, signer.verify(signature));
        }
    }

    private static boolean isKey(KeyStore store, String alias) {
        try {
            return store.isKeyEntry(alias);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static X509Certificate read(byte[] text) throws Exception {
        return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(text));
    }

    /** Runs OpenSSL in a folder: it plays everything outside of the vault. */
    private static void openssl(Path folder, String line) throws Exception {
        List<String> words = new ArrayList<>(List.of("openssl"));
        words.addAll(List.of(line.split(" ")));
        Process p = new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true).start();
        String said = new String(p.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (p.waitFor() != 0) {
            throw new AssertionError("openssl " + line + ": " + said);
        }
    }

    private static Path outside(String password) throws Exception {
        Path folder = Files.createTempDirectory("certwright-java-");
        openssl(folder, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Imported -days 30 -keyout out.key -out out.pem");
        openssl(folder, "pkcs12 -export -inkey out.key -in out.pem -out out.pfx -passout pass:" + password);
        return folder;
    }

    private static void life() throws Exception {
        String name = RUN + "life";
        KeyVaultCertificateWithPolicy certificate = create(name, new CertificatePolicy("Self", "CN=life"));
        same(MessageDigest.getInstance("SHA-1").digest(certificate.getCer()), certificate.getProperties().getX509Thumbprint());
        agree(certificate, "application/x-pkcs12");
        same(certificate.getCer(), CERTIFICATES.getCertificateVersion(name, certificate.getProperties().getVersion()).getCer());
        CertificatePolicy before = CERTIFICATES.getCertificatePolicy(name);
        is(2048, before.getKeySize());
        is(12, before.getValidityInMonths());
        is(1, before.getLifetimeActions().size());
        CertificatePolicy after = CERTIFICATES.updateCertificatePolicy(name, before.setValidityInMonths(6));
        is(6, after.getValidityInMonths());
        is("CN=life", after.getSubject());
        KeyVaultCertificateWithPolicy second = create(name, after);
        Set<String> versions = new HashSet<>();
        CERTIFICATES.listPropertiesOfCertificateVersions(name).forEach(v -> versions.add(v.getVersion()));
        is(Set.of(certificate.getProperties().getVersion(), second.getProperties().getVersion()), versions);
        agree(second, "application/x-pkcs12");
    }

    private static void material() throws Exception {
        int i = 0;
        for (CertificateContentType content : List.of(CertificateContentType.PKCS12, CertificateContentType.PEM)) {
            for (CertificateKeyCurveName curve : List.of(CertificateKeyCurveName.P_256, CertificateKeyCurveName.P_384, CertificateKeyCurveName.P_521)) {
                agree(create(RUN + "ec-" + i++, policy("Self", "CN=material").setKeyCurveName(curve).setContentType(content)), content.toString());
            }
            agree(create(RUN + "rsa-" + i++, new CertificatePolicy("Self", "CN=material").setKeyType(CertificateKeyType.RSA).setKeySize(3072).setContentType(content)), content.toString());
        }
    }

    private static void update() throws Exception {
        String name = RUN + "update";
        KeyVaultCertificateWithPolicy certificate = create(name, policy("Self", "CN=update"));
        KeyVaultCertificate tagged = CERTIFICATES.updateCertificateProperties(certificate.getProperties().setTags(Map.of("team", "web")));
        is(Map.of("team", "web"), tagged.getProperties().getTags());
        CERTIFICATES.updateCertificateProperties(tagged.getProperties().setEnabled(false));
        refused(403, "Forbidden", () -> SECRETS.getSecret(name));
        CERTIFICATES.updateCertificateProperties(tagged.getProperties().setEnabled(true));
        KeyVaultCertificateWithPolicy back = CERTIFICATES.getCertificate(name);
        is(true, back.getProperties().isEnabled());
        is(Map.of("team", "web"), back.getProperties().getTags());
        agree(back, "application/x-pkcs12");
    }

    private static void lists() throws Exception {
        byte[] pfx = Files.readAllBytes(outside("").resolve("out.pfx"));
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 27; i++) {
            names.add(RUN + "list-" + i);
            CERTIFICATES.importCertificate(new ImportCertificateOptions(RUN + "list-" + i, pfx));
        }
        int[] pages = {0};
        CERTIFICATES.listPropertiesOfCertificates().iterableByPage().forEach(page -> {
            pages[0]++;
            page.getElements().forEach(c -> names.remove(c.getName()));
        });
        is(Set.of(), names);
        is(true, pages[0] >= 2);
    }

    private static void imports() throws Exception {
        Path folder = outside("secret");
        byte[] cer = read(Files.readAllBytes(folder.resolve("out.pem"))).getEncoded();
        KeyVaultCertificateWithPolicy got = CERTIFICATES.importCertificate(
            new ImportCertificateOptions(RUN + "pfx", Files.readAllBytes(folder.resolve("out.pfx"))).setPassword("secret"));
        same(cer, got.getCer());
        agree(got, "application/x-pkcs12");
        byte[] pem = (Files.readString(folder.resolve("out.key")) + Files.readString(folder.resolve("out.pem"))).getBytes(StandardCharsets.UTF_8);
        got = CERTIFICATES.importCertificate(new ImportCertificateOptions(RUN + "pem", pem)
            .setPolicy(new CertificatePolicy("Unknown", "CN=Imported").setContentType(CertificateContentType.PEM)));
        same(cer, got.getCer());
        agree(got, "application/x-pem-file");
    }

    private static void orders() throws Exception {
        String issuer = RUN + "issuer", name = RUN + "order";
        CERTIFICATES.createIssuer(new CertificateIssuer(issuer, "DigiCert").setAccountId("hold").setPassword("secret"));
        SyncPoller<CertificateOperation, KeyVaultCertificateWithPolicy> held = CERTIFICATES.beginCreateCertificate(name, policy(issuer, "CN=order"));
        is("inProgress", held.poll().getValue().getStatus());
        held.cancelOperation();
        held.setPollInterval(Duration.ofMillis(200));
        is("cancelled", held.waitForCompletion().getValue().getStatus());
        CERTIFICATES.updateIssuer(new CertificateIssuer(issuer, "DigiCert").setAccountId("outcome=reject; message=not today"));
        SyncPoller<CertificateOperation, KeyVaultCertificateWithPolicy> rejected = CERTIFICATES.beginCreateCertificate(name, policy(issuer, "CN=order"));
        CertificateOperation end = rejected.poll().getValue();
        is("failed", end.getStatus());
        is("Request rejected", end.getError().getCode());
        is("not today", end.getError().getMessage());
        is("failed", CERTIFICATES.deleteCertificateOperation(name).getStatus());
        CERTIFICATES.updateIssuer(new CertificateIssuer(issuer, "DigiCert").setAccountId("none"));
        agree(create(name, policy(issuer, "CN=order")), "application/x-pkcs12");
    }

    private static void merge() throws Exception {
        String name = RUN + "merge";
        SyncPoller<CertificateOperation, KeyVaultCertificateWithPolicy> poller = CERTIFICATES.beginCreateCertificate(name, policy("Unknown", "CN=merge"));
        Path folder = outside("");
        Files.write(folder.resolve("q.der"), poller.poll().getValue().getCsr());
        openssl(folder, "x509 -req -inform DER -in q.der -CA out.pem -CAkey out.key -days 20 -outform DER -out leaf.der");
        byte[] leaf = Files.readAllBytes(folder.resolve("leaf.der"));
        byte[] ca = read(Files.readAllBytes(folder.resolve("out.pem"))).getEncoded();
        // without setEnabled, this version of the SDK sends "enabled": false
        KeyVaultCertificateWithPolicy merged = CERTIFICATES.mergeCertificate(new MergeCertificateOptions(name, List.of(leaf, ca)).setEnabled(true));
        same(leaf, merged.getCer());
        is("completed", CERTIFICATES.getCertificateOperation(name).poll().getValue().getStatus());
        agree(merged, "application/x-pkcs12");
    }

    private static void issuers() throws Exception {
        String name = RUN + "managed";
        CERTIFICATES.createIssuer(new CertificateIssuer(name, "Test").setAccountId("account").setPassword("secret")
            .setAdministratorContacts(List.of(new AdministratorContact().setFirstName("Jo").setEmail("jo@example.org"))));
        CertificateIssuer issuer = CERTIFICATES.getIssuer(name);
        is("Test", issuer.getProvider());
        is("account", issuer.getAccountId());
        is(null, issuer.getPassword());
        is("Jo", issuer.getAdministratorContacts().get(0).getFirstName());
        is(false, CERTIFICATES.updateIssuer(issuer.setEnabled(false)).isEnabled());
        is(true, CERTIFICATES.listPropertiesOfIssuers().stream().anyMatch(i -> i.getName().equals(name)));
        CERTIFICATES.deleteIssuer(name);
        refused(404, "CertificateIssuerNotFound", () -> CERTIFICATES.getIssuer(name));
    }

    private static void contacts() throws Exception {
        CERTIFICATES.setContacts(List.of(new CertificateContact().setEmail("a@example.org").setName("A").setPhone("1"), new CertificateContact().setEmail("b@example.org")))
            .stream().count();
        is(2L, CERTIFICATES.listContacts().stream().count());
        CERTIFICATES.deleteContacts().stream().count();
        refused(404, "ContactsNotFound", () -> CERTIFICATES.listContacts().stream().count());
    }

    private static void remove(String name) {
        SyncPoller<DeletedCertificate, Void> poller = CERTIFICATES.beginDeleteCertificate(name);
        poller.setPollInterval(Duration.ofMillis(200));
        poller.waitForCompletion();
    }

    private static void backup() throws Exception {
        String name = RUN + "backup";
        KeyVaultCertificateWithPolicy before = create(name, policy("Self", "CN=backup"));
        byte[] kept = CERTIFICATES.backupCertificate(name);
        refused(409, "Conflict", () -> CERTIFICATES.restoreCertificateBackup(kept));
        remove(name);
        CERTIFICATES.purgeDeletedCertificate(name);
        KeyVaultCertificateWithPolicy after = CERTIFICATES.restoreCertificateBackup(kept);
        is(before.getProperties().getVersion(), after.getProperties().getVersion());
        same(before.getCer(), after.getCer());
        agree(after, "application/x-pkcs12");
    }

    private static void recovery() throws Exception {
        String name = RUN + "recover";
        KeyVaultCertificateWithPolicy before = create(name, policy("Self", "CN=recover"));
        remove(name);
        is(name, CERTIFICATES.getDeletedCertificate(name).getName());
        refused(404, "CertificateNotFound", () -> CERTIFICATES.getCertificate(name));
        refused(404, "SecretNotFound", () -> SECRETS.getSecret(name));
        refused(409, "Conflict", () -> CERTIFICATES.beginCreateCertificate(name, policy("Self", "CN=x")).poll());
        SyncPoller<KeyVaultCertificateWithPolicy, Void> back = CERTIFICATES.beginRecoverDeletedCertificate(name);
        back.setPollInterval(Duration.ofMillis(200));
        back.waitForCompletion();
        KeyVaultCertificateWithPolicy after = CERTIFICATES.getCertificate(name);
        is(before.getProperties().getVersion(), after.getProperties().getVersion());
        agree(after, "application/x-pkcs12");
        remove(name);
        CERTIFICATES.purgeDeletedCertificate(name);
        refused(404, "CertificateNotFound", () -> CERTIFICATES.getDeletedCertificate(name));
    }

    private static void refusals() throws Exception {
        String name = RUN + "refused";
        refused(404, "CertificateNotFound", () -> CERTIFICATES.getCertificate(name));
        CERTIFICATES.beginCreateCertificate(name, policy("Unknown", "CN=refused")).poll();
        refused(409, "Forbidden", () -> CERTIFICATES.beginCreateCertificate(name, policy("Unknown", "CN=refused")).poll());
        refused(400, "BadParameter", () -> CERTIFICATES.beginCreateCertificate(RUN + "bad", policy("Self", "this is no name")).poll());
        refused(404, "CertificateNotFound", () -> CERTIFICATES.purgeDeletedCertificate(RUN + "never"));
    }
}
