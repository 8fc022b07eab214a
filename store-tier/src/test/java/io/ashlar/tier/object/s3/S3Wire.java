package io.ashlar.tier.object.s3;

import com.sun.net.httpserver.HttpExchange;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.request.StampedBody;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** What {@link S3Front} and its clients exchange: XML, checksums and error answers. */
final class S3Wire {
  private S3Wire() {}

  static byte[] xml(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static ObjectBody body(byte[] bytes, @Nullable String putId) {
    ObjectBody body = ObjectBody.of(bytes);
    return putId == null ? body : new StampedBody(body, putId);
  }

  static String checksum(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return S3Values.checksum((int) crc.getValue());
  }

  static void error(HttpExchange exchange, int status, String code) throws IOException {
    byte[] bytes = xml("<Error><Code>" + code + "</Code><Message>no</Message></Error>");
    boolean head = exchange.getRequestMethod().equals("HEAD");
    exchange.sendResponseHeaders(status, head ? -1 : bytes.length);
    if (!head) {
      write(exchange, bytes);
    }
  }

  /** The exchange itself is not closed: that would cut the connection, which is used again. */
  static void write(HttpExchange exchange, byte[] bytes) throws IOException {
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }
}
