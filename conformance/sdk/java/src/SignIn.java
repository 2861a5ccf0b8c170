import com.azure.core.credential.TokenCredential;
import com.azure.identity.DefaultAzureCredentialBuilder;
import com.azure.identity.EnvironmentCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;

/**
 * Signs in with one credential of the unmodified Azure SDK for Java, and puts a secret into a vault and gets it again. Nothing is
 * set in code: SignIn workload|environment|default|managed. conformance/signin runs it against certwright serve.
 */
public final class SignIn {
    public static void main(String[] args) {
        try {
            run(args[0]);
            System.out.println("ok");
        } catch (RuntimeException e) {
            System.out.println(e);
            System.exit(1);
        }
        System.exit(0);
    }

    private static TokenCredential open(String kind) {
        return switch (kind) {
            case "workload" -> new WorkloadIdentityCredentialBuilder().build();
            case "environment" -> new EnvironmentCredentialBuilder().build();
            case "managed" -> new ManagedIdentityCredentialBuilder().build();
            default -> new DefaultAzureCredentialBuilder().build();
        };
    }

    private static void run(String kind) {
        SecretClient secrets = new SecretClientBuilder().vaultUrl(System.getenv("AZURE_KEYVAULT_URL")).credential(open(kind)).buildClient();
        String name = "signin-java-" + kind, value = "of " + kind;
        secrets.setSecret(name, value);
        String got = secrets.getSecret(name).getValue();
        if (!got.equals(value)) {
            throw new IllegalStateException("it holds " + got);
        }
    }
}
