package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchDecoder;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.batch.FrameTable;
import io.ashlar.tier.batch.FramedBatchFormat;
import io.ashlar.tier.batch.FramedHeader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ashlar batch ls}: the entries of one batch file, and the frames of version 3. */
@Command(
    name = "ls",
    description = {
      "List the entries of an LCB1 batch file, one JSON object a line.",
      "Prints key_hex, length and crc32c of the data, in the order of the file. For version"
          + " 3, the first line describes the batch, and one line for each frame precedes its"
          + " entries. Nothing is printed unless the whole file is valid."
    },
    footer = "  ashlar batch ls 0192f3a1.lcb")
final class BatchListCommand implements Callable<Integer> {
  private static final int CHUNK_BYTES = 64 << 10;
  private static final int CHECKED_LINES = 1024;

  @Spec private @Nullable CommandSpec spec;
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Parameters(index = "0", paramLabel = "FILE", description = "Batch file of version 1, 2 or 3.")
  private @Nullable Path file;

  private long printed;

  @Override
  public Integer call() throws IOException {
    Output output = Console.outputOf(Objects.requireNonNull(spec));
    Path path = Objects.requireNonNull(file);
    BatchCommand.checkFile(path);
    try (Batch batch = new BatchDecoder(keyOptions.keys()).open(path)) {
      list(batch, output.out());
    } catch (BatchFormatException e) {
      throw BatchCommand.damaged(path, e);
    }
    return ExitCode.OK;
  }

  private void list(Batch batch, PrintWriter out) {
    FrameTable frames = batch.frames();
    FramedHeader header = batch.framedHeader();
    if (frames != null && header != null) {
      printSummary(out, batch, header, frames);
    }
    long offset = 0;
    int nextFrame = 0;
    for (BatchEntry entry : batch) {
      while (frames != null && nextFrame < frames.count() && frames.rawStart(nextFrame) <= offset) {
        printFrame(out, frames, nextFrame++);
      }
      printEntry(out, entry);
      offset = batch.offsetAfter(offset);
      if (isClosed(out)) {
        return;
      }
    }
    // The last parts of an entry that is cut into several.
    while (frames != null && nextFrame < frames.count()) {
      printFrame(out, frames, nextFrame++);
    }
  }

  /** Returns whether the output cannot be written any more; checks at intervals only. */
  private boolean isClosed(PrintWriter out) {
    return ++printed % CHECKED_LINES == 0 && out.checkError();
  }

  private static void printSummary(
      PrintWriter out, Batch batch, FramedHeader header, FrameTable frames) {
    out.println(
        "{\"version\":3,\"id\":\""
            + header.id()
            + "\",\"epoch\":"
            + Long.toUnsignedString(header.epoch())
            + ",\"created_ms\":"
            + Long.toUnsignedString(header.createdMs())
            + ",\"entries\":"
            + batch.count()
            + ",\"frames\":"
            + frames.count()
            + ",\"raw\":"
            + frames.rawBytes()
            + ",\"bytes\":"
            + batch.header().objectBytes()
            + ",\"ratio\":"
            + ratio(frames.rawBytes(), batch.header().objectBytes())
            + "}");
  }

  private static void printFrame(PrintWriter out, FrameTable frames, int frame) {
    int stored = frames.length(frame) - FramedBatchFormat.FRAME_HEADER_BYTES;
    int raw = frames.rawBytes(frame);
    out.println(
        "{\"frame\":"
            + frame
            + ",\"offset\":"
            + frames.offset(frame)
            + ",\"bytes\":"
            + frames.length(frame)
            + ",\"raw\":"
            + raw
            + ",\"codec\":\""
            + (stored == raw ? "raw" : "lz4")
            + "\",\"ratio\":"
            + ratio(raw, frames.length(frame))
            + "}");
  }

  private static String ratio(long raw, long bytes) {
    return String.format(Locale.ROOT, "%.2f", (double) raw / bytes);
  }

  /** A key can be as long as a batch, so it is printed in chunks. */
  private static void printEntry(PrintWriter out, BatchEntry entry) {
    out.print("{\"key_hex\":\"");
    byte[] chunk = new byte[(int) Math.min(CHUNK_BYTES, entry.key().byteSize())];
    for (long offset = 0; offset < entry.key().byteSize(); offset += chunk.length) {
      int length = (int) Math.min(chunk.length, entry.key().byteSize() - offset);
      MemorySegment.copy(entry.key(), ValueLayout.JAVA_BYTE, offset, chunk, 0, length);
      out.print(HexFormat.of().formatHex(chunk, 0, length));
    }
    CRC32C crc = new CRC32C();
    crc.update(entry.data().asByteBuffer());
    out.print("\",\"length\":");
    out.print(entry.data().byteSize());
    out.print(",\"crc32c\":\"");
    out.print(HexFormat.of().toHexDigits((int) crc.getValue()));
    out.println("\"}");
  }
}
