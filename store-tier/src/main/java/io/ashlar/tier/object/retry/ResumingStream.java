package io.ashlar.tier.object.retry;

import io.ashlar.tier.object.BodyStream;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectKey;
import io.ashlar.tier.object.ObjectStoreException;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;

/**
 * The bytes of a content. If a response breaks off, it is resumed there, as long as the object is
 * the same version. The bytes that arrive bound the number of resumptions: the policy's attempts,
 * and one more for each {@value #RESUME_BYTES} bytes. Waits for the bandwidth limit. Thread: one.
 */
final class ResumingStream extends InputStream {
  private static final long RESUME_BYTES = 8 << 20;

  private final RetryingObjectStore store;
  private final String key;
  private final long offset;
  private final ObjectInfo object;
  private final long length;
  private ObjectContent content;
  private long position;
  private int resumes;

  ResumingStream(RetryingObjectStore store, String key, long offset, ObjectContent first) {
    this.store = store;
    this.key = key;
    this.offset = offset;
    this.object = first.object();
    this.length = first.length();
    this.content = first;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] target, int from, int count) throws IOException {
    if (count == 0) {
      return 0;
    }
    while (position < length) {
      int n;
      try {
        n = content.stream().read(target, from, (int) Math.min(count, length - position));
        if (n < 0) {
          throw BodyStream.endedEarly(position, length);
        }
      } catch (InterruptedIOException | ClosedByInterruptException e) {
        throw e;
      } catch (IOException e) {
        resume(e);
        continue;
      }
      position += n;
      store.loop.received(n);
      return n;
    }
    return -1;
  }

  private void resume(IOException broken) throws IOException {
    content.close();
    resumes++;
    if (resumes >= store.loop.attemptsMax() + position / RESUME_BYTES) {
      throw broken;
    }
    ObjectStoreException failure =
        new ObjectStoreException("response broke off: reason=" + broken.getMessage(), true, broken);
    store.loop.backoff(resumes, failure);
    ObjectContent next;
    try {
      next = store.read(() -> store.delegate.get(key, offset + position, length - position));
    } catch (ObjectStoreException e) {
      broken.addSuppressed(e);
      throw broken;
    }
    boolean same = next.object().etag().equals(object.etag()) && next.length() == length - position;
    if (!same) {
      next.close();
      throw new IOException(
          "object was replaced while it was read: key=" + ObjectKey.shown(key), broken);
    }
    content = next;
    store.resumedReads.increment();
  }

  @Override
  public int available() throws IOException {
    return content.stream().available();
  }

  @Override
  public void close() {
    content.close();
  }
}
