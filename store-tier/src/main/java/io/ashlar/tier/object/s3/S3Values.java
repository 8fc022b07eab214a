package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.DeleteResult;
import io.ashlar.tier.object.ObjectBody;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.DeleteObjectsResponse;
import software.amazon.awssdk.services.s3.model.DeletedObject;
import software.amazon.awssdk.services.s3.model.S3Error;

/** How values are spelled in S3's headers and answers. */
final class S3Values {
  private static final String PUT_ID = "ashlar-put-id";

  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes ([0-9]{1,19})-([0-9]{1,19})/([0-9]{1,19})");

  private S3Values() {}

  /** {@code bytes=first-last}; open at the end when {@code length} reaches beyond a long. */
  static String range(long offset, long length) {
    boolean open = length > Long.MAX_VALUE - offset;
    return "bytes=" + offset + "-" + (open ? "" : String.valueOf(offset + length - 1));
  }

  /**
   * The whole object's length out of {@code bytes 0-9/100}, if that is the range that was asked for
   * and the body has its length; else −1.
   */
  static long wholeLength(@Nullable String contentRange, long offset, long length, long bodyBytes) {
    Matcher range = CONTENT_RANGE.matcher(contentRange == null ? "" : contentRange);
    if (!range.matches()) {
      return -1;
    }
    try {
      long first = Long.parseLong(range.group(1));
      long last = Long.parseLong(range.group(2));
      long whole = Long.parseLong(range.group(3));
      boolean asked = first == offset && last - first + 1 == Math.min(length, whole - offset);
      return asked && bodyBytes == last - first + 1 ? whole : -1;
    } catch (NumberFormatException beyondLong) {
      return -1;
    }
  }

  /** An etag without its quotes. */
  static String etag(@Nullable String header) {
    if (header == null) {
      return "";
    }
    boolean quoted = header.length() >= 2 && header.startsWith("\"") && header.endsWith("\"");
    return quoted ? header.substring(1, header.length() - 1) : header;
  }

  static String quoted(String etag) {
    return "\"" + etag + "\"";
  }

  /** User metadata with a put id, if there is one. */
  static Map<String, String> metadata(@Nullable String putId) {
    return putId == null ? Map.of() : Map.of(PUT_ID, putId);
  }

  /** The put id in user metadata, whose names come back in any case. */
  static @Nullable String putId(@Nullable Map<String, String> metadata) {
    if (metadata != null) {
      for (Map.Entry<String, String> entry : metadata.entrySet()) {
        if (entry.getKey().equalsIgnoreCase(PUT_ID)) {
          return entry.getValue();
        }
      }
    }
    return null;
  }

  /** A CRC-32C as S3 writes it: big-endian, in base 64. */
  static String checksum(int crc32c) {
    return Base64.getEncoder()
        .encodeToString(ByteBuffer.allocate(Integer.BYTES).putInt(crc32c).array());
  }

  /** A CRC-32C of a whole object as S3 writes it; null if there is none, or it is of parts. */
  static @Nullable Integer crc32c(@Nullable String checksum) {
    try {
      byte[] bytes = checksum == null ? new byte[0] : Base64.getDecoder().decode(checksum);
      return bytes.length == Integer.BYTES
          ? Integer.valueOf(ByteBuffer.wrap(bytes).getInt())
          : null;
    } catch (IllegalArgumentException ofParts) {
      return null; // it ends with a hyphen and the number of the parts
    }
  }

  static RequestBody requestBody(ObjectBody body) {
    return RequestBody.fromContentProvider(
        () -> {
          try {
            return new BodyStream(body.newStream(), body.length(), n -> {});
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        body.length(),
        "application/octet-stream");
  }

  /** Outcomes by our keys; a key that the answer does not mention has failed. */
  static DeleteResult deleteResult(Map<String, String> byFullKey, DeleteObjectsResponse response) {
    Map<String, String> failed = new LinkedHashMap<>();
    byFullKey.values().forEach(key -> failed.put(key, DeleteResult.NOT_ANSWERED));
    List<String> deleted = new ArrayList<>();
    for (DeletedObject object : response.deleted()) {
      String key = byFullKey.get(object.key());
      if (key != null && failed.remove(key) != null) {
        deleted.add(key);
      }
    }
    for (S3Error error : response.errors()) {
      String key = byFullKey.get(error.key());
      if (key != null) {
        if ("NoSuchKey".equals(error.code())) {
          failed.remove(key);
          deleted.add(key);
        } else {
          failed.put(key, String.valueOf(error.code()));
        }
      }
    }
    return new DeleteResult(deleted, failed);
  }
}
