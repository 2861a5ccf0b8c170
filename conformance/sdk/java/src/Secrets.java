import com.azure.core.util.polling.SyncPoller;
import com.azure.security.keyvault.certificates.models.*;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.models.*;
import java.io.ByteArrayInputStream;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.*;

/** Checks secrets, and opens with KeyStore what certificates bring along. */
final class Secrets {
    private static final SecretClient SECRETS = Check.SECRETS;
    private static final String RUN = Check.RUN;

    static void register(Map<String, Check.Work> checks) {
        checks.put("secrets: set, get, versions, update, lists by page", Secrets::life);
        checks.put("secrets: delete, recover, purge, backup, restore", Secrets::recovery);
        checks.put("secrets: limits, disabled", Secrets::refusals);
        checks.put("a certificate's secret opens in KeyStore, and refuses direct writes", Secrets::backing);
    }

    private static void life() throws Exception {
        String name = RUN + "secret";
        OffsetDateTime start = OffsetDateTime.of(2030, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), end = start.plusYears(10);
        KeyVaultSecret made = SECRETS.setSecret(new KeyVaultSecret(name, "Grüße")
            .setProperties(new SecretProperties().setContentType("big secret").setNotBefore(start).setTags(Map.of("tag", "value"))));
        KeyVaultSecret got = SECRETS.getSecret(name);
        Check.is("Grüße", got.getValue());
        Check.is(made.getId(), got.getId());
        Check.is("big secret", got.getProperties().getContentType());
        Check.is(start, got.getProperties().getNotBefore());
        Check.is(Map.of("tag", "value"), got.getProperties().getTags());
        KeyVaultSecret second = SECRETS.setSecret(name, "second");
        SecretProperties changed = SECRETS.updateSecretProperties(made.getProperties().setContentType("text/plain").setExpiresOn(end));
        Check.is("text/plain", changed.getContentType());
        Check.is(end, changed.getExpiresOn());
        Check.is(start, changed.getNotBefore());
        Check.is("Grüße", SECRETS.getSecret(name, made.getProperties().getVersion()).getValue());
        Check.is("second", SECRETS.getSecret(name).getValue());
        Set<String> versions = new HashSet<>();
        SECRETS.listPropertiesOfSecretVersions(name).forEach(v -> versions.add(v.getVersion()));
        Check.is(Set.of(made.getProperties().getVersion(), second.getProperties().getVersion()), versions);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 27; i++) {
            names.add(RUN + "secrets-" + i);
            SECRETS.setSecret(RUN + "secrets-" + i, "v");
        }
        int[] pages = {0};
        SECRETS.listPropertiesOfSecrets().iterableByPage().forEach(page -> {
            pages[0]++;
            page.getElements().forEach(x -> names.remove(x.getName()));
        });
        Check.is(Set.of(), names);
        Check.is(true, pages[0] >= 2);
    }

    private static void remove(String name) {
        SyncPoller<DeletedSecret, Void> poller = SECRETS.beginDeleteSecret(name);
        poller.setPollInterval(Duration.ofMillis(200));
        poller.waitForCompletion();
    }

    private static void recovery() throws Exception {
        String name = RUN + "secret-recover";
        KeyVaultSecret made = SECRETS.setSecret(name, "kept");
        byte[] kept = SECRETS.backupSecret(name);
        Check.refused(409, "Conflict", () -> SECRETS.restoreSecretBackup(kept));
        remove(name);
        DeletedSecret deleted = SECRETS.getDeletedSecret(name);
        Check.is(Duration.ofDays(90), Duration.between(deleted.getDeletedOn(), deleted.getScheduledPurgeDate()));
        Check.refused(404, "SecretNotFound", () -> SECRETS.getSecret(name));
        Check.refused(409, "Conflict", () -> SECRETS.setSecret(name, "other"));
        Check.is(true, SECRETS.listDeletedSecrets().stream().anyMatch(x -> x.getName().equals(name)));
        SyncPoller<KeyVaultSecret, Void> back = SECRETS.beginRecoverDeletedSecret(name);
        back.setPollInterval(Duration.ofMillis(200));
        back.waitForCompletion();
        Check.is("kept", SECRETS.getSecret(name).getValue());
        remove(name);
        SECRETS.purgeDeletedSecret(name);
        Check.refused(404, "SecretNotFound", () -> SECRETS.getDeletedSecret(name));
        Check.is(made.getId(), SECRETS.restoreSecretBackup(kept).getId());
        Check.is("kept", SECRETS.getSecret(name, made.getProperties().getVersion()).getValue());
        Check.refused(400, "Malformed backup blob", () -> SECRETS.restoreSecretBackup("no backup".getBytes()));
    }

    private static void refusals() throws Exception {
        String name = RUN + "secret-refused";
        Check.refused(404, "SecretNotFound", () -> SECRETS.getSecret(name));
        Check.refused(400, "BadParameter", () -> SECRETS.setSecret(name, "x".repeat(25 * 1024 + 1)));
        Check.refused(404, "SecretNotFound", () -> SECRETS.getSecret(name));
        KeyVaultSecret made = SECRETS.setSecret(name, "x".repeat(25 * 1024));
        Check.refused(400, "BadParameter", () -> SECRETS.setSecret(new KeyVaultSecret(name, "v").setProperties(new SecretProperties().setContentType("t".repeat(256)))));
        SECRETS.updateSecretProperties(made.getProperties().setEnabled(false));
        Check.refused(403, "Forbidden", () -> SECRETS.getSecret(name));
        SECRETS.updateSecretProperties(made.getProperties().setEnabled(true));
        Check.is(25 * 1024, SECRETS.getSecret(name).getValue().length());
        Check.refused(400, "BadParameter", () -> SECRETS.setSecret("under_score", "v"));
    }

    private static void backing() throws Exception {
        for (CertificateKeyType type : List.of(CertificateKeyType.RSA, CertificateKeyType.EC)) {
            String name = RUN + "opened-" + type;
            KeyVaultCertificateWithPolicy made = Check.create(name, new CertificatePolicy("Self", "CN=opened").setKeyType(type));
            KeyVaultSecret secret = SECRETS.getSecret(name);
            Check.is(true, secret.getProperties().isManaged());
            for (char[] password : new char[][] {new char[0], null}) {
                KeyStore store = KeyStore.getInstance("PKCS12");
                store.load(new ByteArrayInputStream(Base64.getDecoder().decode(secret.getValue())), password);
                String alias = Collections.list(store.aliases()).get(0);
                Check.is(true, store.getKey(alias, new char[0]) != null);
                if (password != null) { // without one, Java leaves encrypted certificates alone
                    Check.same(made.getCer(), ((X509Certificate) store.getCertificate(alias)).getEncoded());
                }
            }
            Check.refused(403, "Forbidden", () -> SECRETS.setSecret(name, "v"));
            Check.refused(403, "Forbidden", () -> SECRETS.updateSecretProperties(secret.getProperties().setEnabled(false)));
            Check.refused(403, "Forbidden", () -> SECRETS.beginDeleteSecret(name).poll());
            Check.refused(403, "Forbidden", () -> SECRETS.backupSecret(name));
        }
    }
}
