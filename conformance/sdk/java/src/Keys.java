import com.azure.core.util.polling.SyncPoller;
import com.azure.security.keyvault.certificates.models.*;
import com.azure.security.keyvault.keys.KeyClient;
import com.azure.security.keyvault.keys.cryptography.CryptographyClient;
import com.azure.security.keyvault.keys.cryptography.CryptographyClientBuilder;
import com.azure.security.keyvault.keys.cryptography.models.*;
import com.azure.security.keyvault.keys.models.*;
import java.io.ByteArrayInputStream;
import java.security.*;
import java.security.cert.CertificateFactory;
import java.security.spec.*;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.*;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;

/** Checks keys: what the vault does, and the same done here by Java and by the SDK's local side, both ways. */
final class Keys {
    private static final KeyClient KEYS = Check.KEYS;
    private static final String RUN = Check.RUN;
    private static final byte[] TEXT = Check.TEXT;
    private static final List<SignatureAlgorithm> OF_RSA = List.of(SignatureAlgorithm.RS256, SignatureAlgorithm.RS384, SignatureAlgorithm.RS512,
        SignatureAlgorithm.PS256, SignatureAlgorithm.PS384, SignatureAlgorithm.PS512);
    private static final Map<KeyCurveName, SignatureAlgorithm> OF_EC = Map.of(KeyCurveName.P_256, SignatureAlgorithm.ES256,
        KeyCurveName.P_384, SignatureAlgorithm.ES384, KeyCurveName.P_521, SignatureAlgorithm.ES512);
    private static final List<String> ENCRYPTIONS = List.of("RSA1_5", "RSA-OAEP", "RSA-OAEP-256");

    static void register(Map<String, Check.Work> checks) {
        checks.put("keys: RSA 2048, 3072, 4096, P-256, P-384, P-521, P-256K and -HSM", Keys::kinds);
        checks.put("keys: get, versions, update, lists by page", Keys::life);
        checks.put("keys: rotate, rotation policy", Keys::rotation);
        checks.put("keys: delete, recover, purge, backup, restore", Keys::recovery);
        checks.put("imported RSA keys: sign, encrypt and wrap in the vault and here, both ways", Keys::importedRSA);
        checks.put("imported EC keys: sign in the vault and here, both ways", Keys::importedEC);
        checks.put("a certificate's key signs in the vault, the certificate verifies", Keys::backed);
        checks.put("keys: what they may not do", Keys::refusals);
    }

    /** Returns a client that asks the vault for everything. */
    private static CryptographyClient remote(KeyVaultKey key) {
        return new CryptographyClientBuilder().keyIdentifier(key.getId()).credential(Check.CREDENTIAL).disableKeyCaching().buildClient();
    }

    /** Returns a client that does by itself what it can. */
    private static CryptographyClient mixed(KeyVaultKey key) {
        return new CryptographyClientBuilder().keyIdentifier(key.getId()).credential(Check.CREDENTIAL).buildClient();
    }

    private static byte[] digest(SignatureAlgorithm a, byte[] text) throws Exception {
        return MessageDigest.getInstance("SHA-" + a.toString().substring(2, 5)).digest(text);
    }

    /** Returns Java's own signer for an algorithm; R and S of an EC signature stand side by side, as in the vault. */
    private static Signature java(SignatureAlgorithm a) throws Exception {
        String bits = a.toString().substring(2, 5);
        switch (a.toString().substring(0, 2)) {
            case "PS":
                Signature pss = Signature.getInstance("RSASSA-PSS");
                pss.setParameter(new PSSParameterSpec("SHA-" + bits, "MGF1", new MGF1ParameterSpec("SHA-" + bits), Integer.parseInt(bits) / 8, 1));
                return pss;
            case "ES":
                return Signature.getInstance("SHA" + bits + "withECDSAinP1363Format");
            default:
                return Signature.getInstance("SHA" + bits + "withRSA");
        }
    }

    private static boolean verifies(SignatureAlgorithm a, PublicKey key, byte[] signature) throws Exception {
        Signature s = java(a);
        s.initVerify(key);
        s.update(TEXT);
        try {
            return s.verify(signature);
        } catch (SignatureException e) {
            return false;
        }
    }

    private static byte[] broken(byte[] b) {
        byte[] c = b.clone();
        c[c.length / 2] ^= 1;
        return c;
    }

    /** The vault signs; Java, the SDK and the vault verify. */
    private static void vaultSigns(KeyVaultKey key, PublicKey publicKey, List<SignatureAlgorithm> algorithms) throws Exception {
        CryptographyClient vault = remote(key);
        for (SignatureAlgorithm a : algorithms) {
            byte[] signature = vault.sign(a, digest(a, TEXT)).getSignature();
            Check.is(true, verifies(a, publicKey, signature));
            Check.is(false, verifies(a, publicKey, broken(signature)));
            Check.is(true, vault.verify(a, digest(a, TEXT), signature).isValid());
            Check.is(false, vault.verify(a, digest(a, TEXT), broken(signature)).isValid());
            Check.is(false, vault.verify(a, digest(a, "another".getBytes()), signature).isValid());
            Check.is(true, mixed(key).verifyData(a, TEXT, mixed(key).signData(a, TEXT).getSignature()).isValid());
        }
    }

    private static void weSign(KeyVaultKey key, PrivateKey ours, List<SignatureAlgorithm> algorithms) throws Exception {
        for (SignatureAlgorithm a : algorithms) {
            Signature s = java(a);
            s.initSign(ours);
            s.update(TEXT);
            Check.is(true, remote(key).verify(a, digest(a, TEXT), s.sign()).isValid());
        }
    }

    private static Cipher cipher(String algorithm, int mode, Key key) throws Exception {
        Cipher c;
        if (algorithm.equals("RSA1_5")) {
            c = Cipher.getInstance("RSA/ECB/PKCS1Padding");
            c.init(mode, key);
            return c;
        }
        String hash = algorithm.equals("RSA-OAEP") ? "SHA-1" : "SHA-256";
        c = Cipher.getInstance("RSA/ECB/OAEPPadding");
        c.init(mode, key, new OAEPParameterSpec(hash, "MGF1", new MGF1ParameterSpec(hash), PSource.PSpecified.DEFAULT));
        return c;
    }

    /** Seals on one side and opens on the other: encrypt and decrypt, wrap and unwrap. */
    private static void bothWays(KeyVaultKey key, KeyPair pair, String algorithm) throws Exception {
        CryptographyClient vault = remote(key);
        EncryptionAlgorithm encryption = EncryptionAlgorithm.fromString(algorithm);
        KeyWrapAlgorithm wrapping = KeyWrapAlgorithm.fromString(algorithm);
        Check.same(TEXT, cipher(algorithm, Cipher.DECRYPT_MODE, pair.getPrivate()).doFinal(vault.encrypt(encryption, TEXT).getCipherText()));
        Check.same(TEXT, cipher(algorithm, Cipher.DECRYPT_MODE, pair.getPrivate()).doFinal(vault.wrapKey(wrapping, TEXT).getEncryptedKey()));
        byte[] ours = cipher(algorithm, Cipher.ENCRYPT_MODE, pair.getPublic()).doFinal(TEXT);
        Check.same(TEXT, vault.decrypt(encryption, ours).getPlainText());
        Check.same(TEXT, vault.unwrapKey(wrapping, ours).getKey());
        Check.same(TEXT, vault.decrypt(encryption, mixed(key).encrypt(encryption, TEXT).getCipherText()).getPlainText());
        Check.same(TEXT, mixed(key).unwrapKey(wrapping, mixed(key).wrapKey(wrapping, TEXT).getEncryptedKey()).getKey());
        Check.refused(400, "BadParameter", () -> vault.decrypt(encryption, broken(ours)));
    }

    private static void kinds() throws Exception {
        for (int size : new int[] {2048, 3072, 4096}) {
            KeyVaultKey key = KEYS.createRsaKey(new CreateRsaKeyOptions(RUN + "rsa-" + size).setKeySize(size));
            Check.is(KeyType.RSA, key.getKeyType());
            Check.is(size / 8, key.getKey().getN().length);
            Check.is(6, key.getKeyOperations().size());
            Check.is(false, key.getKey().hasPrivateKey());
            Check.is(90, key.getProperties().getRecoverableDays());
        }
        for (KeyCurveName curve : List.of(KeyCurveName.P_256, KeyCurveName.P_384, KeyCurveName.P_521, KeyCurveName.P_256K)) {
            KeyVaultKey key = KEYS.createEcKey(new CreateEcKeyOptions(RUN + "ec-" + curve).setCurveName(curve));
            Check.is(curve, key.getKey().getCurveName());
            Check.is(List.of(KeyOperation.SIGN, KeyOperation.VERIFY), key.getKeyOperations());
        }
        Check.is(KeyType.EC_HSM, KEYS.createEcKey(new CreateEcKeyOptions(RUN + "hsm").setHardwareProtected(true)).getKeyType());
        KeyVaultKey k = KEYS.getKey(RUN + "ec-P-256K"); // a curve that this Java has not: the vault alone
        byte[] digest = digest(SignatureAlgorithm.ES256, TEXT);
        byte[] signature = remote(k).sign(SignatureAlgorithm.ES256K, digest).getSignature();
        Check.is(true, remote(k).verify(SignatureAlgorithm.ES256K, digest, signature).isValid());
        Check.is(false, remote(k).verify(SignatureAlgorithm.ES256K, digest, broken(signature)).isValid());
    }

    private static void life() throws Exception {
        String name = RUN + "key";
        OffsetDateTime start = OffsetDateTime.of(2040, 1, 1, 0, 0, 0, 0, ZoneOffset.UTC), end = start.plusYears(10);
        KeyVaultKey made = KEYS.createEcKey(new CreateEcKeyOptions(name).setNotBefore(start).setExpiresOn(end).setTags(Map.of("a", "b")));
        KeyVaultKey got = KEYS.getKey(name);
        Check.is(made.getKey(), got.getKey());
        Check.is(start, got.getProperties().getNotBefore());
        Check.is(end, got.getProperties().getExpiresOn());
        Check.is(Map.of("a", "b"), got.getProperties().getTags());
        KeyVaultKey second = KEYS.createEcKey(new CreateEcKeyOptions(name).setCurveName(KeyCurveName.P_384));
        Check.is(made.getKey(), KEYS.getKey(name, made.getProperties().getVersion()).getKey());
        KeyVaultKey changed = KEYS.updateKeyProperties(made.getProperties().setEnabled(false), KeyOperation.VERIFY);
        Check.is(false, changed.getProperties().isEnabled());
        Check.is(List.of(KeyOperation.VERIFY), changed.getKeyOperations());
        // without operations this SDK sends an empty list, which must not take them away
        Check.is(List.of(KeyOperation.VERIFY), KEYS.updateKeyProperties(changed.getProperties().setEnabled(true)).getKeyOperations());
        Set<String> versions = new HashSet<>();
        KEYS.listPropertiesOfKeyVersions(name).forEach(v -> versions.add(v.getVersion()));
        Check.is(Set.of(made.getProperties().getVersion(), second.getProperties().getVersion()), versions);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < 27; i++) {
            names.add(RUN + "keys-" + i);
            KEYS.createKey(RUN + "keys-" + i, KeyType.EC);
        }
        int[] pages = {0};
        KEYS.listPropertiesOfKeys().iterableByPage().forEach(page -> {
            pages[0]++;
            page.getElements().forEach(k -> names.remove(k.getName()));
        });
        Check.is(Set.of(), names);
        Check.is(true, pages[0] >= 2);
    }

    private static void rotation() throws Exception {
        String name = RUN + "rotate";
        KeyVaultKey made = KEYS.createEcKey(new CreateEcKeyOptions(name).setCurveName(KeyCurveName.P_521));
        Check.is(KeyRotationPolicyAction.NOTIFY, KEYS.getKeyRotationPolicy(name).getLifetimeActions().get(0).getAction());
        KeyRotationPolicy policy = KEYS.updateKeyRotationPolicy(name, new KeyRotationPolicy().setExpiresIn("P90D")
            .setLifetimeActions(List.of(new KeyRotationLifetimeAction(KeyRotationPolicyAction.ROTATE).setTimeAfterCreate("P30D"))));
        Check.is("P90D", policy.getExpiresIn());
        Check.is(2, policy.getLifetimeActions().size());
        Check.is("P30D", policy.getLifetimeActions().get(0).getTimeAfterCreate());
        KeyVaultKey next = KEYS.rotateKey(name);
        Check.is(false, next.getProperties().getVersion().equals(made.getProperties().getVersion()));
        Check.is(KeyCurveName.P_521, next.getKey().getCurveName());
        Check.is(Duration.ofDays(90), Duration.between(next.getProperties().getCreatedOn(), next.getProperties().getExpiresOn()));
        Check.refused(404, "KeyNotFound", () -> KEYS.rotateKey(RUN + "never"));
        Check.refused(400, "BadParameter", () -> KEYS.updateKeyRotationPolicy(name, new KeyRotationPolicy().setExpiresIn("P1D").setLifetimeActions(List.of())));
    }

    private static void remove(String name) {
        SyncPoller<DeletedKey, Void> poller = KEYS.beginDeleteKey(name);
        poller.setPollInterval(Duration.ofMillis(200));
        poller.waitForCompletion();
    }

    private static void recovery() throws Exception {
        String name = RUN + "key-recover";
        KeyVaultKey made = KEYS.createKey(name, KeyType.EC);
        byte[] kept = KEYS.backupKey(name);
        Check.refused(409, "Conflict", () -> KEYS.restoreKeyBackup(kept));
        remove(name);
        DeletedKey deleted = KEYS.getDeletedKey(name);
        Check.is(Duration.ofDays(90), Duration.between(deleted.getDeletedOn(), deleted.getScheduledPurgeDate()));
        Check.refused(404, "KeyNotFound", () -> KEYS.getKey(name));
        Check.refused(409, "Conflict", () -> KEYS.createKey(name, KeyType.EC));
        Check.is(true, KEYS.listDeletedKeys().stream().anyMatch(k -> k.getName().equals(name)));
        SyncPoller<KeyVaultKey, Void> back = KEYS.beginRecoverDeletedKey(name);
        back.setPollInterval(Duration.ofMillis(200));
        back.waitForCompletion();
        Check.is(made.getKey(), KEYS.getKey(name).getKey());
        remove(name);
        KEYS.purgeDeletedKey(name);
        Check.refused(404, "KeyNotFound", () -> KEYS.getDeletedKey(name));
        Check.is(made.getKey(), KEYS.restoreKeyBackup(kept).getKey());
        Check.refused(400, "Malformed backup blob", () -> KEYS.restoreKeyBackup("no backup".getBytes()));
    }

    private static void importedRSA() throws Exception {
        for (int size : new int[] {2048, 3072, 4096}) {
            KeyPairGenerator g = KeyPairGenerator.getInstance("RSA");
            g.initialize(size);
            KeyPair pair = g.generateKeyPair();
            KeyVaultKey key = KEYS.importKey(RUN + "imported-" + size, JsonWebKey.fromRsa(pair));
            Check.is(pair.getPublic(), key.getKey().toRsa().getPublic());
            vaultSigns(key, pair.getPublic(), OF_RSA);
            weSign(key, pair.getPrivate(), OF_RSA);
            for (String algorithm : ENCRYPTIONS) {
                bothWays(key, pair, algorithm);
            }
        }
    }

    private static void importedEC() throws Exception {
        Map<KeyCurveName, String> curves = Map.of(KeyCurveName.P_256, "secp256r1", KeyCurveName.P_384, "secp384r1", KeyCurveName.P_521, "secp521r1");
        for (KeyCurveName curve : curves.keySet()) {
            KeyPairGenerator g = KeyPairGenerator.getInstance("EC");
            g.initialize(new ECGenParameterSpec(curves.get(curve)));
            KeyPair pair = g.generateKeyPair();
            KeyVaultKey key = KEYS.importKey(RUN + "imported-" + curve, JsonWebKey.fromEc(pair, Security.getProvider("SunEC")));
            Check.is(curve, key.getKey().getCurveName());
            Check.is(pair.getPublic(), key.getKey().toEc().getPublic());
            vaultSigns(key, pair.getPublic(), List.of(OF_EC.get(curve)));
            weSign(key, pair.getPrivate(), List.of(OF_EC.get(curve)));
        }
    }

    private static void backed() throws Exception {
        List<CertificatePolicy> policies = new ArrayList<>();
        for (int size : new int[] {2048, 3072, 4096}) {
            policies.add(new CertificatePolicy("Self", "CN=backed").setKeyType(CertificateKeyType.RSA).setKeySize(size));
        }
        for (CertificateKeyCurveName curve : List.of(CertificateKeyCurveName.P_256, CertificateKeyCurveName.P_384, CertificateKeyCurveName.P_521)) {
            policies.add(new CertificatePolicy("Self", "CN=backed").setKeyType(CertificateKeyType.EC).setKeyCurveName(curve));
        }
        for (int i = 0; i < policies.size(); i++) {
            String name = RUN + "backed-" + i;
            KeyVaultCertificateWithPolicy made = Check.create(name, policies.get(i));
            KeyVaultKey key = KEYS.getKey(name);
            Check.is(true, key.getProperties().isManaged());
            Check.is(made.getProperties().getVersion(), key.getProperties().getVersion());
            PublicKey leaf = CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(made.getCer())).getPublicKey();
            vaultSigns(key, leaf, key.getKey().getN() != null ? OF_RSA : List.of(OF_EC.get(key.getKey().getCurveName())));
            Check.refused(403, "Forbidden", () -> KEYS.beginDeleteKey(name).poll());
            Check.refused(403, "Forbidden", () -> KEYS.updateKeyProperties(key.getProperties().setEnabled(false)));
            Check.refused(403, "Forbidden", () -> KEYS.createKey(name, KeyType.EC));
            Check.refused(403, "Forbidden", () -> KEYS.backupKey(name));
        }
    }

    private static void refusals() throws Exception {
        String name = RUN + "key-refused";
        Check.refused(404, "KeyNotFound", () -> KEYS.getKey(name));
        KeyVaultKey key = KEYS.createKey(new CreateKeyOptions(name, KeyType.RSA).setKeyOperations(KeyOperation.SIGN));
        CryptographyClient vault = remote(key);
        byte[] digest = digest(SignatureAlgorithm.RS256, TEXT);
        Check.refused(403, "Forbidden", () -> vault.verify(SignatureAlgorithm.RS256, digest, new byte[256]));
        Check.refused(400, "BadParameter", () -> vault.sign(SignatureAlgorithm.RS512, digest));
        Check.refused(400, "BadParameter", () -> vault.sign(SignatureAlgorithm.ES256, digest));
        KEYS.updateKeyProperties(key.getProperties().setEnabled(false));
        Check.refused(403, "Forbidden", () -> vault.sign(SignatureAlgorithm.RS256, digest));
        KEYS.updateKeyProperties(key.getProperties().setEnabled(true).setNotBefore(OffsetDateTime.now().plusDays(9)));
        Check.refused(403, "Forbidden", () -> vault.sign(SignatureAlgorithm.RS256, digest));
        KEYS.updateKeyProperties(key.getProperties().setNotBefore(OffsetDateTime.now().minusDays(9)).setExpiresOn(OffsetDateTime.now().minusDays(8)));
        Check.refused(403, "Forbidden", () -> vault.sign(SignatureAlgorithm.RS256, digest));
        Check.refused(400, "BadParameter", () -> KEYS.createRsaKey(new CreateRsaKeyOptions(RUN + "bad").setKeySize(1024)));
        Check.refused(400, "BadParameter", () -> KEYS.createEcKey(new CreateEcKeyOptions(RUN + "bad").setCurveName(KeyCurveName.fromString("P-1"))));
        Check.refused(400, "BadParameter", () -> KEYS.createOctKey(new CreateOctKeyOptions(RUN + "bad")));
        Check.refused(404, "KeyNotFound", () -> KEYS.getKey(RUN + "bad"));
        Check.refused(403, "Forbidden", () -> KEYS.releaseKey(name, "token"));
        Check.refused(404, "NotFound", () -> KEYS.getRandomBytes(16));
    }
}
