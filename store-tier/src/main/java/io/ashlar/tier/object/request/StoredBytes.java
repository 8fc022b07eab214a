package io.ashlar.tier.object.request;

import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.ObjectBody;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectNotFoundException;
import io.ashlar.tier.object.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Compares stored bytes with a body, where no put id and no checksum can. Thread: any. */
public final class StoredBytes {
  private StoredBytes() {}

  /**
   * Reads an object and compares it with a body of the same length.
   *
   * @param body the bytes that were to be written.
   * @param there the version that was found; another one is not the body's.
   * @param store where it was found.
   * @return whether the object is still that version and has the bytes of the body.
   * @throws IOException if reading either fails.
   */
  public static boolean areThoseOf(ObjectBody body, ObjectInfo there, ObjectStore store)
      throws IOException {
    try (ObjectContent content = store.get(there.key());
        InputStream stored = content.stream();
        InputStream ours = body.newStream()) {
      if (!content.object().etag().equals(there.etag())) {
        return false;
      }
      byte[] chunk = new byte[BodyStream.CHUNK_BYTES];
      for (int n = stored.read(chunk); n >= 0; n = stored.read(chunk)) {
        byte[] same = ours.readNBytes(n);
        if (!Arrays.equals(chunk, 0, n, same, 0, same.length)) {
          return false;
        }
      }
      return true;
    } catch (ObjectNotFoundException deleted) {
      return false;
    }
  }
}
