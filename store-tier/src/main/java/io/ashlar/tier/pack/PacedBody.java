package io.ashlar.tier.pack;

import io.ashlar.store.spi.BackgroundWork;
import io.ashlar.tier.object.ObjectBody;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;

/**
 * A body over memory that is sent in small steps, with a rest after each. A file that it is written
 * to is synced at each step while commits go on beside it. Otherwise one sync at the end would keep
 * the device busy for as long as all bytes take.
 *
 * @param body the same bytes.
 * @param bytes alive and unchanged until the put returns.
 * @param work of the thread that sends.
 */
record PacedBody(ObjectBody body, MemorySegment bytes, BackgroundWork work) implements ObjectBody {

  @Override
  public long length() {
    return body.length();
  }

  @Override
  public InputStream newStream() throws IOException {
    return new PacedStream(body.newStream(), work);
  }

  @Override
  public void writeTo(WritableByteChannel target) throws IOException {
    long stepBytes;
    for (long at = 0; at < bytes.byteSize(); at += stepBytes) {
      stepBytes = Math.min(work.stepBytesMax(), bytes.byteSize() - at);
      ByteBuffer view = bytes.asSlice(at, stepBytes).asByteBuffer();
      while (view.hasRemaining()) {
        target.write(view);
      }
      if (stepBytes < BackgroundWork.STEP_BYTES_MAX && target instanceof FileChannel file) {
        file.force(false);
      }
      work.rest(0);
    }
  }

  @Override
  public int crc32c() throws IOException {
    return body.crc32c();
  }

  /** Rests each time that a step's bytes were read. */
  private static final class PacedStream extends FilterInputStream {
    private final BackgroundWork work;
    private long leftBytes; // of this step

    PacedStream(InputStream stream, BackgroundWork work) {
      super(stream);
      this.work = work;
      leftBytes = work.stepBytesMax();
    }

    private int moved(int count) {
      leftBytes -= Math.max(0, count); // -1 at the end
      if (leftBytes <= 0) {
        work.rest(0);
        leftBytes = work.stepBytesMax();
      }
      return count;
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      int _ = moved(read < 0 ? read : 1);
      return read;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int most = (int) Math.min(length, Math.max(1, leftBytes));
      return moved(super.read(target, offset, most));
    }
  }
}
