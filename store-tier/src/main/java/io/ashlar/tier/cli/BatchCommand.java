package io.ashlar.tier.cli;

import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.batch.BatchFormatException;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code ashlar batch}: looks into the objects of a tier. */
@Command(
    name = "batch",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    description = "Look into batch files.",
    subcommands = BatchCommand.ListBatch.class)
final class BatchCommand implements Runnable {
  @ParentCommand private @Nullable AshlarCommand root;
  @Spec private @Nullable CommandSpec spec;

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "no command given: batch ls FILE");
  }

  /** {@code ashlar batch ls}: the entries of one batch file. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = {
        "List the entries of an LCB1 batch file in order, one JSON object a line: key_hex, length",
        "and crc32c of the data. Nothing is printed unless all of the file is well-formed."
      })
  static final class ListBatch implements Callable<Integer> {
    private static final int CHUNK_BYTES = 64 << 10;
    private static final int CHECKED_LINES = 1024;

    @ParentCommand private @Nullable BatchCommand parent;
    @Spec private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "FILE", description = "An LCB1 file, version 1 or 2.")
    private @Nullable Path file;

    @Override
    public Integer call() throws IOException {
      AshlarCommand root = Objects.requireNonNull(Objects.requireNonNull(parent).root);
      Output output = root.output(Objects.requireNonNull(spec));
      Path path = Objects.requireNonNull(file);
      if (Files.isDirectory(path)) {
        throw new IOException("not a file: path=" + path + "; give a batch file");
      }
      try (Batch batch = open(path)) {
        long printed = 0;
        for (BatchEntry entry : batch) {
          print(output.out(), entry);
          if (++printed % CHECKED_LINES == 0 && output.out().checkError()) {
            throw new IOException("standard output was closed: lines=" + printed);
          }
        }
      }
      return AshlarCommand.OK;
    }

    private static Batch open(Path path) throws IOException {
      try {
        return new BatchCodec().open(path);
      } catch (BatchFormatException e) {
        throw new IOException(
            e.getMessage() + ": path=" + path + "; fetch or restore the file again", e);
      }
    }

    /** Keys can be as long as a batch: they are never text as a whole. */
    private static void print(PrintWriter out, BatchEntry entry) {
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
}
