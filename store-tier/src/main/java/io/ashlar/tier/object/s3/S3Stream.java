package io.ashlar.tier.object.s3;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;

/**
 * A response body. If much is left when it is closed, it is aborted: draining it would download
 * bytes that are not needed.
 */
final class S3Stream extends FilterInputStream {
  private final ResponseInputStream<?> response;
  private final long drainBytesMax;
  private long left;

  S3Stream(ResponseInputStream<?> response, long length, long drainBytesMax) {
    super(response);
    this.response = response;
    this.left = length;
    this.drainBytesMax = drainBytesMax;
  }

  @Override
  public int read() throws IOException {
    int b = guarded(in::read);
    left -= b < 0 ? 0 : 1;
    return b;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    int n = guarded(() -> in.read(target, offset, count));
    left -= Math.max(n, 0);
    return n;
  }

  private interface Read {
    int run() throws IOException;
  }

  /** The client reports some broken responses, and interrupts, as unchecked. */
  private static int guarded(Read read) throws IOException {
    try {
      return read.run();
    } catch (AbortedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException interrupted = new InterruptedIOException("interrupted while reading");
      interrupted.initCause(e);
      throw interrupted;
    } catch (SdkException e) {
      throw new IOException("response broke off: reason=" + e.getMessage(), e);
    }
  }

  @Override
  public long skip(long count) throws IOException {
    long n = in.skip(count);
    left -= n;
    return n;
  }

  @Override
  public void close() throws IOException {
    if (left > drainBytesMax) {
      response.abort();
    } else {
      response.close();
    }
  }
}
