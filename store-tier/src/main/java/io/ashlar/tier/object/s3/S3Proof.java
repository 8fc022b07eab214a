package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.FailureKind;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.PutResult;
import io.ashlar.tier.object.request.StoredBytes;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.PutObjectResponse;
import software.amazon.awssdk.services.s3.model.UploadPartResponse;

/**
 * What proves that S3 has stored the bytes that were sent. A status of 2xx alone does not: a
 * gateway answers so by itself, and some store a part of the body.
 *
 * <table>
 *   <caption>The first row that applies decides</caption>
 *   <tr><th>the answer to a PUT</th><th>what it means</th></tr>
 *   <tr><td>it has no etag</td><td>a HEAD decides</td></tr>
 *   <tr><td>it has a CRC-32C</td><td>equal to ours: stored; else: unknown</td></tr>
 *   <tr><td>its etag is the MD5 of the body</td><td>stored</td></tr>
 *   <tr><td>its etag is another, where etags were MD5s before</td><td>unknown</td></tr>
 *   <tr><td>all else</td><td>a HEAD decides</td></tr>
 * </table>
 *
 * <p>A HEAD decides for "stored" if the object is there with our length and put id, and with our
 * CRC-32C where it has one. Without a put id, the CRC-32C, the MD5 or else the bytes must be ours.
 * A part cannot be asked for: one without an etag is unknown, and the HEAD after completing
 * compares the length of the whole.
 *
 * <p>Unknown is a failure of the kind {@link FailureKind#UNANSWERED}, as if no answer had come.
 * Thread: any.
 */
final class S3Proof {
  private final S3ObjectStore store;

  /** Whether an etag of this endpoint was an MD5 before; written and read by any thread. */
  private volatile boolean etagsAreMd5;

  S3Proof(S3ObjectStore store) {
    this.store = store;
  }

  /**
   * Checks the answer to a PUT.
   *
   * @param body what was sent, with a put id.
   * @throws ObjectStoreException if nothing proves that it was stored.
   */
  PutResult.Stored stored(String key, ObjectBody body, PutObjectResponse answer)
      throws IOException {
    String etag = S3Values.etag(answer.eTag());
    if (!etag.isEmpty()) {
      Boolean same = sameBytes(etag, answer.checksumCRC32C(), body);
      if (same != null) {
        return check(same, key, "another checksum than was sent", etag);
      }
    }
    Optional<ObjectInfo> there = store.doHead(key);
    boolean proved = there.isPresent() && isOurs(there.get(), body);
    return check(
        proved,
        key,
        etag.isEmpty() ? "no etag" : "no proof",
        there.map(ObjectInfo::etag).orElse(""));
  }

  /** Checks the answer to a part, and gives its etag as it came. */
  String storedPart(String key, ObjectBody body, UploadPartResponse answer) throws IOException {
    String etag = S3Values.etag(answer.eTag());
    Boolean same = etag.isEmpty() ? Boolean.FALSE : sameBytes(etag, answer.checksumCRC32C(), body);
    boolean proved = same == null || same;
    return check(proved, key, "a part without proof", answer.eTag()).etag();
  }

  /** Checks with a HEAD what an upload in parts has become. */
  PutResult.Stored completed(String key, long length, String putId) {
    Optional<ObjectInfo> there = store.doHead(key);
    boolean proved =
        there.isPresent()
            && there.get().length() == length
            && (there.get().putId() == null || putId.equals(there.get().putId()));
    return check(proved, key, "no whole object", there.map(ObjectInfo::etag).orElse(""));
  }

  private PutResult.Stored check(boolean proved, String key, String answer, @Nullable String etag) {
    if (!proved || etag == null) {
      throw new ObjectStoreException(
          "put was answered without proof, outcome unknown: key="
              + ObjectKey.shown(key)
              + ", store="
              + store
              + ", answer="
              + answer,
          true,
          null);
    }
    return new PutResult.Stored(etag);
  }

  /** Whether the stored bytes are the body's; null if these values do not decide. */
  private @Nullable Boolean sameBytes(String etag, @Nullable String crc, ObjectBody body)
      throws IOException {
    Integer told = S3Values.crc32c(crc);
    if (told != null) {
      return told == body.crc32c();
    }
    if (etag.equalsIgnoreCase(md5(body))) {
      etagsAreMd5 = true;
      return true;
    }
    return etagsAreMd5 ? Boolean.FALSE : null;
  }

  private boolean isOurs(ObjectInfo there, ObjectBody body) throws IOException {
    if (there.length() != body.length()) {
      return false;
    }
    Boolean same =
        there.crc32c() != null
            ? Boolean.valueOf(there.crc32c() == body.crc32c())
            : sameBytes(there.etag(), null, body);
    if (same != null && !same) {
      return false;
    }
    return there.putId() != null
        ? there.putId().equals(body.putId())
        : same != null || StoredBytes.areThoseOf(body, there, store);
  }

  /** The MD5 of a body in hexadecimal digits; empty where this JVM has no MD5. */
  private static String md5(ObjectBody body) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("MD5");
    } catch (NoSuchAlgorithmException forbidden) {
      return "";
    }
    byte[] chunk = new byte[BodyStream.CHUNK_BYTES];
    try (InputStream stream = body.newStream()) {
      for (int n = stream.read(chunk); n >= 0; n = stream.read(chunk)) {
        digest.update(chunk, 0, n);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
