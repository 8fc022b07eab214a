package io.ashlar.tier.batch;

import io.ashlar.tier.key.FrameKeys;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Decodes whole batches of every version that there is: 1 and 2 by {@link BatchCodec}, 3 by {@link
 * FramedBatchReader}. Thread: any; there is no state but the cap.
 */
public final class BatchDecoder {
  private final BatchCodec codec;
  private final FramedBatchReader framed;

  /** A decoder that refuses bodies larger than {@code bodyBytesMax}, 0 to 2113929216. */
  public BatchDecoder(long bodyBytesMax) {
    this.codec = new BatchCodec(bodyBytesMax);
    this.framed = new FramedBatchReader(bodyBytesMax);
  }

  /**
   * A decoder of batches that may be encrypted, with the cap {@link
   * BatchCodec#BODY_BYTES_MAX_DEFAULT}. Its methods throw {@link FrameKeyException} for one that
   * is, if the key is not there.
   *
   * @param keys null for none.
   */
  public BatchDecoder(@Nullable FrameKeys keys) {
    this.codec = new BatchCodec(BatchCodec.BODY_BYTES_MAX_DEFAULT);
    this.framed = new FramedBatchReader(BatchCodec.BODY_BYTES_MAX_DEFAULT, keys);
  }

  /**
   * Decodes a whole batch into memory from {@code allocator}, after all bounds were checked.
   *
   * @param object the bytes of the object; not needed afterwards.
   * @throws BatchFormatException if any check fails.
   */
  public Batch decode(MemorySegment object, SegmentAllocator allocator) {
    return FramedBatchFormat.isFramed(object)
        ? framed.decode(object, allocator)
        : codec.decode(object, allocator);
  }

  /**
   * Opens a batch file of any size; its body lies off the heap.
   *
   * @return the batch, which owns its memory; close it.
   * @throws BatchFormatException if any check fails.
   * @throws IOException if the file cannot be read.
   */
  public Batch open(Path file) throws IOException {
    return withFile(file, (object, arena) -> decode(object, arena).owning(arena));
  }

  /**
   * Reads what is left of a damaged file of version 3, as {@link FramedBatchReader#salvage} does.
   *
   * @return what was found; close its batch, which owns its memory.
   * @throws IOException if the file cannot be read.
   */
  public Salvage salvage(Path file) throws IOException {
    return withFile(
        file,
        (object, arena) -> {
          Salvage found = framed.salvage(object, arena);
          return new Salvage(
              found.batch().owning(arena),
              found.entriesExpected(),
              found.entriesFound(),
              found.framesLost());
        });
  }

  private static <T> T withFile(Path file, BiFunction<MemorySegment, Arena, T> read)
      throws IOException {
    Arena owned = Arena.ofShared();
    try (Arena mapping = Arena.ofConfined();
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      MemorySegment object = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapping);
      return read.apply(object, owned);
    } catch (IOException | RuntimeException | Error e) {
      owned.close();
      throw e;
    }
  }
}
