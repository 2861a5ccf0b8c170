package certwright;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.context.WebServerInitializedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Answers with a secret of the vault, over TLS with a certificate of the vault. All settings stand in application.yaml. */
@SpringBootApplication
@RestController
public class Application {
  @Value("${db-password}")
  private String password;

  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  @GetMapping("/")
  String answer() {
    return password;
  }

  /** Tells the script where to ask. */
  @EventListener
  void started(WebServerInitializedEvent e) throws IOException {
    Files.writeString(Path.of(System.getenv("PORT_PIPE")), e.getWebServer().getPort() + "\n");
  }
}
