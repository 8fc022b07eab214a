package io.ashlar.tier.object.request;

import com.fasterxml.uuid.Generators;
import io.ashlar.tier.object.ObjectBody;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.WritableByteChannel;

/**
 * A body with a put id. Its slices have none.
 *
 * @param body the bytes.
 * @param putId the id, unique to this write.
 */
public record StampedBody(ObjectBody body, String putId) implements ObjectBody {
  /**
   * {@return the same bytes under a new id, or the body itself if it has one}
   *
   * @param body the bytes.
   */
  public static ObjectBody stamp(ObjectBody body) {
    return body.putId() == null ? new StampedBody(body, newId()) : body;
  }

  /** {@return an id that no other write has: a UUID of version 7, as text} */
  public static String newId() {
    return Generators.timeBasedEpochRandomGenerator().generate().toString();
  }

  @Override
  public long length() {
    return body.length();
  }

  @Override
  public InputStream newStream() throws IOException {
    return body.newStream();
  }

  @Override
  public void writeTo(WritableByteChannel target) throws IOException {
    body.writeTo(target);
  }

  @Override
  public int crc32c() throws IOException {
    return body.crc32c();
  }

  @Override
  public ObjectBody slice(long offset, long length) {
    return body.slice(offset, length);
  }
}
