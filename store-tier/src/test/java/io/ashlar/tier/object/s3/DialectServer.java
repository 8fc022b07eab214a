package io.ashlar.tier.object.s3;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/**
 * Just enough of S3 over HTTP to have bad habits: single objects, no listing, no authentication.
 * Without a flaw it does what the standard says.
 */
public final class DialectServer implements AutoCloseable {
  /** What a service can get wrong. */
  public enum Flaw {
    /** If-None-Match is ignored. */
    NO_PUT_IF_ABSENT,
    /** If-None-Match asks first and writes then. */
    RACING_PUT_IF_ABSENT,
    /** If-None-Match is answered with 501. */
    REFUSES_PUT_IF_ABSENT,
    /** If-Match is ignored. */
    NO_PUT_IF_MATCH,
    /** Only a bare etag is taken for the right one, as Ceph does. */
    BARE_ETAGS_ONLY,
    /** A wrong checksum is not noticed. */
    CHECKSUM_IGNORED,
    /** A checksum is answered with 400. */
    CHECKSUM_REJECTED,
    /** If-Match of a DELETE is ignored. */
    DELETE_IGNORES_MATCH
  }

  /** What is known of an endpoint and bucket is kept, and a port may be given out again. */
  private static final AtomicLong BUCKETS = new AtomicLong();

  private final String bucket = "dialect-" + BUCKETS.incrementAndGet();

  @SuppressWarnings("ArrayRecordComponent") // private, never compared
  private record Stored(byte[] bytes, String etag) {}

  private final ConcurrentHashMap<String, Stored> objects = new ConcurrentHashMap<>();
  private final AtomicLong versions = new AtomicLong();
  private final AtomicLong requests = new AtomicLong();
  private final ReentrantLock writes = new ReentrantLock();
  private final Set<Flaw> flaws;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

  private DialectServer(Set<Flaw> flaws) throws IOException {
    this.flaws = flaws;
    this.server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Starts a server; close it. */
  public static DialectServer start(Flaw... flaws) throws IOException {
    Set<Flaw> set = EnumSet.noneOf(Flaw.class);
    set.addAll(Set.of(flaws));
    return new DialectServer(set);
  }

  /** A URL below {@code prefix}. */
  public String url(String prefix) {
    return "s3://"
        + bucket
        + "/"
        + prefix
        + "?endpoint=http://127.0.0.1:"
        + server.getAddress().getPort()
        + "&pathStyle=true";
  }

  static AwsCredentialsProvider credentials() {
    SdkLogging.quietWithoutProvider();
    return StaticCredentialsProvider.create(AwsBasicCredentials.create("nobody", "nothing"));
  }

  /** Keys of the bucket. */
  Set<String> keys() {
    return Set.copyOf(objects.keySet());
  }

  /** Requests so far. */
  long requests() {
    return requests.get();
  }

  private void handle(HttpExchange exchange) throws IOException {
    requests.incrementAndGet();
    byte[] body = body(exchange);
    String key = exchange.getRequestURI().getPath().substring(bucket.length() + 2);
    switch (exchange.getRequestMethod()) {
      case "PUT" -> put(exchange, key, body);
      case "GET", "HEAD" -> get(exchange, key);
      case "DELETE" -> delete(exchange, key);
      default -> answer(exchange, 501, "NotImplemented");
    }
  }

  private void put(HttpExchange exchange, String key, byte[] body) throws IOException {
    writes.lock();
    try {
      putLocked(exchange, key, body);
    } finally {
      writes.unlock();
    }
  }

  private void putLocked(HttpExchange exchange, String key, byte[] body) throws IOException {
    String checksum = header(exchange, "x-amz-checksum-crc32c");
    if (checksum != null && flaws.contains(Flaw.CHECKSUM_REJECTED)) {
      answer(exchange, 400, "InvalidArgument");
      return;
    }
    CRC32C crc = new CRC32C();
    crc.update(body);
    boolean damaged = checksum != null && !checksum.equals(S3Values.checksum((int) crc.getValue()));
    if (damaged && !flaws.contains(Flaw.CHECKSUM_IGNORED)) {
      answer(exchange, 400, "BadDigest");
      return;
    }
    if (header(exchange, "if-none-match") != null) {
      if (flaws.contains(Flaw.REFUSES_PUT_IF_ABSENT)) {
        answer(exchange, 501, "NotImplemented");
        return;
      }
      if (!flaws.contains(Flaw.NO_PUT_IF_ABSENT) && objects.containsKey(key)) {
        answer(exchange, 412, "PreconditionFailed");
        return;
      }
      if (flaws.contains(Flaw.RACING_PUT_IF_ABSENT)) {
        letOthersIn();
      }
    }
    String match = header(exchange, "if-match");
    if (match != null && !flaws.contains(Flaw.NO_PUT_IF_MATCH) && !matches(key, match)) {
      answer(exchange, 412, "PreconditionFailed");
      return;
    }
    Stored stored = new Stored(body, String.format("%032x", versions.incrementAndGet()));
    objects.put(key, stored);
    exchange.getResponseHeaders().set("ETag", S3Values.quoted(stored.etag()));
    if (checksum != null && !flaws.contains(Flaw.CHECKSUM_IGNORED)) {
      exchange.getResponseHeaders().set("x-amz-checksum-crc32c", checksum);
    }
    answer(exchange, 200, null);
  }

  /** Between the question and the write, as a service without a lock would. */
  private void letOthersIn() {
    writes.unlock();
    LockSupport.parkNanos(20_000_000);
    writes.lock();
  }

  private boolean matches(String key, String match) {
    Stored stored = objects.get(key);
    boolean quoted = match.startsWith("\"");
    return stored != null
        && stored.etag().equals(S3Values.etag(match))
        && !(quoted && flaws.contains(Flaw.BARE_ETAGS_ONLY));
  }

  private void get(HttpExchange exchange, String key) throws IOException {
    Stored stored = objects.get(key);
    if (stored == null) {
      answer(exchange, 404, "NoSuchKey");
      return;
    }
    exchange.getResponseHeaders().set("ETag", S3Values.quoted(stored.etag()));
    boolean head = exchange.getRequestMethod().equals("HEAD");
    if (head) {
      exchange.getResponseHeaders().set("Content-Length", "" + stored.bytes().length);
    }
    int length = stored.bytes().length;
    exchange.sendResponseHeaders(200, head || length == 0 ? -1 : length);
    if (!head && length > 0) {
      write(exchange, stored.bytes());
    }
  }

  private void delete(HttpExchange exchange, String key) throws IOException {
    String match = header(exchange, "if-match");
    if (match != null && !flaws.contains(Flaw.DELETE_IGNORES_MATCH) && !matches(key, match)) {
      answer(exchange, 412, "PreconditionFailed");
      return;
    }
    var _ = objects.remove(key);
    answer(exchange, 204, null);
  }

  private static @Nullable String header(HttpExchange exchange, String name) {
    return exchange.getRequestHeaders().getFirst(name);
  }

  private static void answer(HttpExchange exchange, int status, @Nullable String code)
      throws IOException {
    if (code == null || exchange.getRequestMethod().equals("HEAD")) {
      exchange.sendResponseHeaders(status, -1);
      return;
    }
    byte[] xml =
        ("<Error><Code>" + code + "</Code><Message>no</Message></Error>")
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/xml");
    exchange.sendResponseHeaders(status, xml.length);
    write(exchange, xml);
  }

  /** The exchange itself is not closed: that would cut the connection, which is used again. */
  private static void write(HttpExchange exchange, byte[] bytes) throws IOException {
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(bytes);
    }
  }

  /** The body, taken out of the client's signed chunks if need be. */
  static byte[] body(HttpExchange exchange) throws IOException {
    byte[] raw = exchange.getRequestBody().readAllBytes();
    String content = String.valueOf(header(exchange, "x-amz-content-sha256"));
    if (!content.startsWith("STREAMING")) {
      return raw;
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    InputStream in = new ByteArrayInputStream(raw);
    while (true) {
      StringBuilder line = new StringBuilder();
      for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
        line.append((char) b);
      }
      int length = HexFormat.fromHexDigits(line.toString().split("[;\\r]", 2)[0]);
      if (length == 0) {
        return body.toByteArray();
      }
      body.write(in.readNBytes(length));
      in.skipNBytes(2);
    }
  }

  /** What is stored, by key. */
  Map<String, String> contents() {
    Map<String, String> contents = new ConcurrentHashMap<>();
    objects.forEach(
        (key, stored) -> contents.put(key, new String(stored.bytes(), StandardCharsets.UTF_8)));
    return contents;
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
