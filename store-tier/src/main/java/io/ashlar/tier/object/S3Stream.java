package io.ashlar.tier.object;

import java.io.FilterInputStream;
import java.io.IOException;
import software.amazon.awssdk.core.ResponseInputStream;

/**
 * A response body that, closed before its end, is aborted when much is left: draining it would
 * download what nobody wants.
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
    int b = in.read();
    left -= b < 0 ? 0 : 1;
    return b;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    int n = in.read(target, offset, count);
    left -= Math.max(n, 0);
    return n;
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
