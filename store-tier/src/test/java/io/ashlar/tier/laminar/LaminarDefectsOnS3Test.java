package io.ashlar.tier.laminar;

import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.s3.S3TestServer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;

@Tag("campaign")
class LaminarDefectsOnS3Test extends LaminarDefectsContractTest {
  private static final AtomicInteger PREFIXES = new AtomicInteger();
  private static S3TestServer server;

  @BeforeAll
  static void startServer() throws Exception {
    server = S3TestServer.start();
  }

  @AfterAll
  static void stopServer() {
    server.close();
  }

  @Override
  ObjectStore open() {
    return server.open("laminar/" + PREFIXES.incrementAndGet());
  }
}
