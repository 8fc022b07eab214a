package io.ashlar.tier.object.s3;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.ashlar.tier.object.InMemoryObjectStore;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectPage;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.StampedBody;
import io.ashlar.tier.object.retry.RetryPolicy;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * S3 over HTTP on top of an in-memory store, without authentication, whose single answers can be
 * bad in ways that gateways, proxies and caches were reported to be. It tells checksums, and its
 * etags are versions; or it tells none, and its etags are MD5s.
 *
 * <p>Thread: any; requests are served one after another.
 */
public final class S3Front implements AutoCloseable {
  /** What is wrong with one answer. */
  public enum Bad {
    /** Nothing. */
    NO,
    /** 200 and nothing else; nothing was applied. */
    NOTHING_IN_200,
    /** 200 with an error document; nothing was applied. */
    ERROR_IN_200,
    /** 200 with a page of a gateway; nothing was applied. */
    PAGE_IN_200,
    /** A write is applied and answered without an etag. */
    NO_ETAG,
    /** The first half of a write is stored, and the answer is that of a whole one. */
    STORED_SHORT,
    /** A write is stored with a byte changed. */
    STORED_WRONG,
    /** A read is answered with 404. */
    ABSENT,
    /** A read is answered with no byte. */
    EMPTY,
    /** A read is answered with the first half, as if that were all. */
    SHORT,
    /** A read is answered with a byte changed. */
    WRONG,
    /** A read of a range is answered with the whole object. */
    NO_RANGE
  }

  /** Decides about a request. */
  @FunctionalInterface
  public interface Fault {
    /**
     * @param request the method, a space, the key or the prefix that is listed, and the query's
     *     kind: as in "PUT manifests/1", "LIST batches/", "PART k", "COMPLETE k".
     */
    Bad on(String request);
  }

  static {
    // Else each answer with a body waits 40 ms for the acknowledgement of its head.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private static final AtomicLong BUCKETS = new AtomicLong();
  private static final Pattern KEY = Pattern.compile("<Key>(.*?)</Key>");

  private final String bucket = "front-" + BUCKETS.incrementAndGet();
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final Map<String, TreeMap<Integer, byte[]>> uploads = new ConcurrentHashMap<>();
  private final Map<String, String> uploadPutIds = new ConcurrentHashMap<>();
  private final List<String> requests = new ArrayList<>();
  private final List<String> cacheControls = new ArrayList<>();

  // Guarded by this.
  private InMemoryObjectStore below = new InMemoryObjectStore();
  private Fault fault = request -> Bad.NO;
  private boolean tellsChecksums = true;

  private S3Front() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** Starts a server; close it. */
  public static S3Front start() throws IOException {
    return new S3Front();
  }

  /** A store by real requests, that repeats as {@code policy} says; it probes before it writes. */
  public RetryingObjectStore open(RetryPolicy policy) {
    S3ObjectStore store = openOnce();
    store.probeBeforeWriting();
    return RetryingObjectStore.builder(store).policy(policy).build();
  }

  /** A store that sends each request once and assumes the standard. */
  S3ObjectStore openOnce() {
    return S3ObjectStore.openSingleAttempt(
        S3Location.parse(
            "s3://"
                + bucket
                + "?endpoint=http://127.0.0.1:"
                + server.getAddress().getPort()
                + "&pathStyle=true"),
        DialectServer.credentials());
  }

  /** Begins anew with an empty store, which is returned. */
  public synchronized InMemoryObjectStore renew() {
    below = new InMemoryObjectStore();
    fault = request -> Bad.NO;
    requests.clear();
    cacheControls.clear();
    uploads.clear();
    return below;
  }

  /** Sets what is wrong with the answers from now on. */
  public synchronized void fault(Fault newFault) {
    fault = newFault;
  }

  /** Whether answers tell checksums; if not, etags are MD5s. */
  synchronized void tellsChecksums(boolean tells) {
    tellsChecksums = tells;
  }

  /** All requests since the store is new. */
  public synchronized List<String> requests() {
    return List.copyOf(requests);
  }

  /** The Cache-Control of each GET, HEAD and listing. */
  synchronized List<String> cacheControls() {
    return List.copyOf(cacheControls);
  }

  private synchronized String etag(String version, byte[] stored) {
    if (tellsChecksums) {
      return version;
    }
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(stored));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }

  private synchronized void handle(HttpExchange exchange) throws IOException {
    byte[] body = DialectServer.body(exchange);
    try {
      Request request = new Request(exchange, body);
      requests.add(request.text());
      request.answer(fault.on(request.text()));
    } catch (ObjectNotFoundException absent) {
      S3Wire.error(exchange, 404, "NoSuchKey");
    } catch (RuntimeException e) {
      S3Wire.error(exchange, 500, "InternalError");
    }
  }

  private synchronized byte[] stored(String key) throws IOException {
    try (ObjectContent content = below.get(key)) {
      return content.stream().readAllBytes();
    }
  }

  /** One request. */
  private final class Request {
    private final HttpExchange exchange;
    private final byte[] body;
    private final String key;
    private final Map<String, String> query = new HashMap<>();
    private final String kind;

    Request(HttpExchange exchange, byte[] body) {
      this.exchange = exchange;
      this.body = body;
      String path = exchange.getRequestURI().getPath();
      this.key = path.length() > bucket.length() + 2 ? path.substring(bucket.length() + 2) : "";
      String raw = exchange.getRequestURI().getRawQuery();
      for (String parameter : raw == null ? new String[0] : raw.split("&")) {
        String[] parts = parameter.split("=", 2);
        query.put(
            parts[0], parts.length == 1 ? "" : URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
      }
      this.kind = kind();
    }

    private String kind() {
      String method = exchange.getRequestMethod();
      if (query.containsKey("list-type")) {
        return "LIST";
      }
      if (query.containsKey("uploads")) {
        return method.equals("POST") ? "START" : "UPLOADS";
      }
      if (query.containsKey("uploadId")) {
        return switch (method) {
          case "PUT" -> "PART";
          case "POST" -> "COMPLETE";
          default -> "ABORT";
        };
      }
      return query.containsKey("delete") ? "DELETES" : method;
    }

    String text() {
      return kind + " " + (kind.equals("LIST") ? query.getOrDefault("prefix", "") : key);
    }

    void answer(Bad bad) throws IOException {
      switch (bad) {
        case NOTHING_IN_200 -> answer(200, new byte[0]);
        case ERROR_IN_200 ->
            answer(
                200, S3Wire.xml("<Error><Code>InternalError</Code><Message>no</Message></Error>"));
        case PAGE_IN_200 -> answer(200, S3Wire.xml("<html><body>welcome</body></html>"));
        default -> apply(bad);
      }
    }

    private void apply(Bad bad) throws IOException {
      switch (kind) {
        case "PUT" -> put(bad);
        case "GET", "HEAD" -> {
          cacheControls.add(String.valueOf(header("Cache-Control")));
          get(bad);
        }
        case "LIST" -> {
          cacheControls.add(String.valueOf(header("Cache-Control")));
          list(bad);
        }
        case "DELETES" -> deleteAll();
        case "DELETE" -> {
          var _ = below.deleteAll(List.of(key));
          answer(204, new byte[0]);
        }
        case "START" -> start();
        case "PART" -> part(bad);
        case "COMPLETE" -> complete();
        default -> {
          uploads.remove(query.getOrDefault("uploadId", ""));
          answer(204, new byte[0]);
        }
      }
    }

    private @Nullable String header(String name) {
      return exchange.getRequestHeaders().getFirst(name);
    }

    private byte[] asStored(Bad bad) {
      byte[] stored = body.clone();
      if (bad == Bad.STORED_SHORT) {
        return Arrays.copyOf(stored, stored.length / 2);
      }
      if (bad == Bad.STORED_WRONG && stored.length > 0) {
        stored[stored.length / 2] ^= 1;
      }
      return stored;
    }

    private boolean isDamaged() {
      String checksum = header("x-amz-checksum-crc32c");
      return checksum != null && !checksum.equals(S3Wire.checksum(body));
    }

    private void put(Bad bad) throws IOException {
      if (isDamaged()) {
        S3Wire.error(exchange, 400, "BadDigest");
        return;
      }
      byte[] stored = asStored(bad);
      ObjectBody object = S3Wire.body(stored, header("x-amz-meta-ashlar-put-id"));
      String match = header("If-Match");
      PutResult result =
          header("If-None-Match") != null
              ? below.putIfAbsent(key, object)
              : match != null ? putIfMatch(object, S3Values.etag(match)) : below.put(key, object);
      if (!(result instanceof PutResult.Stored put)) {
        S3Wire.error(exchange, 412, "PreconditionFailed");
        return;
      }
      if (bad != Bad.NO_ETAG) {
        answerHeader("ETag", S3Values.quoted(etag(put.etag(), stored)));
        if (tellsChecksums) {
          answerHeader("x-amz-checksum-crc32c", S3Wire.checksum(stored));
        }
      }
      answer(200, new byte[0]);
    }

    /** One request at a time: what is asked first still holds when it is written. */
    private PutResult putIfMatch(ObjectBody object, String etag) throws IOException {
      ObjectInfo there = below.head(key);
      if (there == null) {
        throw new ObjectNotFoundException("front", key, null);
      }
      return etag(there.etag(), stored(key)).equals(etag)
          ? below.put(key, object)
          : new PutResult.Refused(false);
    }

    private void get(Bad bad) throws IOException {
      if (bad == Bad.ABSENT) {
        S3Wire.error(exchange, 404, "NoSuchKey");
        return;
      }
      byte[] bytes = stored(key);
      ObjectInfo info = Objects.requireNonNull(below.head(key));
      answerHeader("ETag", S3Values.quoted(etag(info.etag(), bytes)));
      answerHeader("Last-Modified", "Mon, 30 Nov 2026 10:00:00 GMT");
      if (info.putId() != null) {
        answerHeader("x-amz-meta-ashlar-put-id", info.putId());
      }
      boolean head = kind.equals("HEAD");
      if (head && tellsChecksums && bad == Bad.NO) {
        answerHeader("x-amz-checksum-crc32c", S3Wire.checksum(bytes));
      }
      switch (bad) {
        case EMPTY -> bytes = new byte[0];
        case SHORT -> bytes = Arrays.copyOf(bytes, bytes.length / 2);
        default -> {}
      }
      String range = header("Range");
      int status = 200;
      if (range != null && bad != Bad.NO_RANGE) {
        String[] ends = range.substring("bytes=".length()).split("-", 2);
        int from = Integer.parseInt(ends[0]);
        if (from >= bytes.length) {
          S3Wire.error(exchange, 416, "InvalidRange");
          return;
        }
        int to = bytes.length;
        to = ends[1].isEmpty() ? to : (int) Math.min(to, Long.parseLong(ends[1]) + 1);
        answerHeader("Content-Range", "bytes " + from + "-" + (to - 1) + "/" + bytes.length);
        bytes = Arrays.copyOfRange(bytes, from, to);
        status = 206;
      }
      if (bad == Bad.WRONG && bytes.length > 0) {
        bytes[bytes.length / 2] ^= 1;
      }
      answer(status, bytes);
    }

    private void list(Bad bad) throws IOException {
      ObjectPage page = below.list(query.getOrDefault("prefix", ""), query.get("start-after"));
      List<ObjectInfo> objects = page.objects();
      boolean more = page.more();
      if (bad == Bad.EMPTY || bad == Bad.ABSENT) {
        objects = List.of();
        more = false;
      } else if (bad == Bad.SHORT) {
        objects = objects.subList(0, objects.size() / 2);
        more = false;
      }
      StringBuilder xml = new StringBuilder("<ListBucketResult>");
      for (ObjectInfo object : objects) {
        xml.append("<Contents><Key>")
            .append(object.key())
            .append("</Key><Size>")
            .append(object.length())
            .append("</Size><ETag>&quot;")
            .append(etag(object.etag(), stored(object.key())))
            .append(
                "&quot;</ETag><LastModified>2026-11-30T10:00:00.000Z</LastModified></Contents>");
      }
      xml.append("<IsTruncated>").append(more).append("</IsTruncated></ListBucketResult>");
      answer(200, S3Wire.xml(xml.toString()));
    }

    private void deleteAll() throws IOException {
      StringBuilder xml = new StringBuilder("<DeleteResult>");
      Matcher keys = KEY.matcher(new String(body, StandardCharsets.UTF_8));
      while (keys.find()) {
        var _ = below.deleteAll(List.of(keys.group(1)));
        xml.append("<Deleted><Key>").append(keys.group(1)).append("</Key></Deleted>");
      }
      answer(200, S3Wire.xml(xml + "</DeleteResult>"));
    }

    private void start() throws IOException {
      String id = StampedBody.newId();
      uploads.put(id, new TreeMap<>());
      uploadPutIds.put(id, String.valueOf(header("x-amz-meta-ashlar-put-id")));
      answer(
          200,
          S3Wire.xml(
              "<InitiateMultipartUploadResult><UploadId>"
                  + id
                  + "</UploadId></InitiateMultipartUploadResult>"));
    }

    private void part(Bad bad) throws IOException {
      TreeMap<Integer, byte[]> parts = uploads.get(query.getOrDefault("uploadId", ""));
      if (parts == null || isDamaged()) {
        S3Wire.error(
            exchange, parts == null ? 404 : 400, parts == null ? "NoSuchUpload" : "BadDigest");
        return;
      }
      byte[] stored = asStored(bad);
      parts.put(Integer.parseInt(query.getOrDefault("partNumber", "0")), stored);
      if (bad != Bad.NO_ETAG) {
        answerHeader("ETag", S3Values.quoted(etag("part", stored)));
        if (tellsChecksums) {
          answerHeader("x-amz-checksum-crc32c", S3Wire.checksum(stored));
        }
      }
      answer(200, new byte[0]);
    }

    private void complete() throws IOException {
      String id = query.getOrDefault("uploadId", "");
      TreeMap<Integer, byte[]> parts = uploads.remove(id);
      if (parts == null) {
        S3Wire.error(exchange, 404, "NoSuchUpload");
        return;
      }
      ByteArrayOutputStream whole = new ByteArrayOutputStream();
      for (byte[] part : parts.values()) {
        whole.write(part);
      }
      ObjectBody object = S3Wire.body(whole.toByteArray(), uploadPutIds.get(id));
      PutResult result =
          header("If-None-Match") != null ? below.putIfAbsent(key, object) : below.put(key, object);
      if (result instanceof PutResult.Stored stored) {
        answer(
            200,
            S3Wire.xml(
                "<CompleteMultipartUploadResult><ETag>"
                    + etag(stored.etag(), whole.toByteArray())
                    + "</ETag></CompleteMultipartUploadResult>"));
      } else {
        S3Wire.error(exchange, 412, "PreconditionFailed");
      }
    }

    private void answerHeader(String name, String value) {
      exchange.getResponseHeaders().set(name, value);
    }

    private void answer(int status, byte[] bytes) throws IOException {
      boolean head = exchange.getRequestMethod().equals("HEAD");
      if (head) {
        answerHeader("Content-Length", Integer.toString(bytes.length));
      }
      exchange.sendResponseHeaders(status, head || bytes.length == 0 ? -1 : bytes.length);
      if (!head && bytes.length > 0) {
        S3Wire.write(exchange, bytes);
      }
    }
  }

  @Override
  public void close() {
    server.stop(0);
    threads.close();
  }
}
