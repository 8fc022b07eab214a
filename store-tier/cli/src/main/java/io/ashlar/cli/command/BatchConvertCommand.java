package io.ashlar.cli.command;

import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.batch.Batch;
import io.ashlar.tier.batch.BatchCodec;
import io.ashlar.tier.batch.BatchDecoder;
import io.ashlar.tier.batch.BatchEncoder;
import io.ashlar.tier.batch.BatchEntry;
import io.ashlar.tier.batch.BatchFormatException;
import io.ashlar.tier.batch.FramedBatchEncoder;
import io.ashlar.tier.batch.FramedHeader;
import io.ashlar.tier.batch.Salvage;
import io.ashlar.tier.checkpoint.TierManifest;
import io.ashlar.tier.key.FrameKeys;
import io.ashlar.tier.object.ObjectBody;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code ashlar batch convert}: the entries of one batch file in a file of another version. */
@Command(
    name = "convert",
    description = {
      "Convert an LCB1 batch file to another version.",
      "Reads versions 1 to 3. Keeps order and duplicates. OUT appears only after everything"
          + " was written. An encrypted batch stays encrypted, with the current key; version 2 has"
          + " no encryption."
    },
    exitCodeList = "1:with --salvage, entries are lost",
    footer = "  ashlar batch convert 0192f3a1.lcb new.lcb --format=v3")
final class BatchConvertCommand implements Callable<Integer> {
  /** What is written. */
  enum Format {
    /** Version 2: one LZ4 block, as LaminarDB reads and writes. */
    V2(2),
    /** Version 3: frames that are read by ranges. */
    V3(3);

    private final int version;

    Format(int version) {
      this.version = version;
    }
  }

  @Spec private @Nullable CommandSpec spec;
  @Mixin private KeyOptions keyOptions = new KeyOptions();

  @Parameters(index = "0", paramLabel = "IN", description = "File to read.")
  private @Nullable Path in;

  @Parameters(index = "1", paramLabel = "OUT", description = "File to create; must not exist.")
  private @Nullable Path out;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "v2|v3",
      description = "Version to write.")
  private @Nullable Format format;

  @Option(names = "--salvage", description = "Read what is left of a damaged file of version 3.")
  private boolean salvage;

  @Option(names = "--decrypt", description = "Write an encrypted batch without encryption.")
  private boolean decrypt;

  private @Nullable FrameKeys keys;

  @Override
  public Integer call() throws IOException {
    Output output = Console.outputOf(Objects.requireNonNull(spec));
    Path source = Objects.requireNonNull(in);
    Path target = Objects.requireNonNull(out);
    BatchCommand.checkFile(source);
    if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
      throw new FileAlreadyExistsException(target.toString());
    }
    keys = keyOptions.keys();
    return salvage ? salvaged(source, target, output) : converted(source, target, output);
  }

  private int converted(Path source, Path target, Output output) throws IOException {
    try (Batch batch = open(source)) {
      convert(batch, source, target, output);
    }
    return ExitCode.OK;
  }

  private Batch open(Path source) throws IOException {
    try {
      return new BatchDecoder(keys).open(source);
    } catch (BatchFormatException e) {
      throw BatchCommand.damaged(source, e);
    }
  }

  private int salvaged(Path source, Path target, Output output) throws IOException {
    Salvage found = new BatchDecoder(keys).salvage(source);
    try (Batch batch = found.batch()) {
      if (batch.count() == 0 && !found.isComplete()) {
        throw new IOException("nothing to salvage: no whole frame was found: path=" + source);
      }
      convert(batch, source, target, output);
    }
    if (found.isComplete()) {
      output.note("no entry was lost");
      return ExitCode.OK;
    }
    output.note(
        found.entriesExpected() < 0
            ? "entries may be lost: nothing is left that says how many there were"
            : "entries lost: " + Units.count(found.entriesExpected() - found.entriesFound()));
    return ExitCode.DIFFERENT;
  }

  private void convert(Batch batch, Path source, Path target, Output output) throws IOException {
    Format to = Objects.requireNonNull(format);
    if (isEncrypted(batch) && !decrypt && to == Format.V2) {
      throw new IOException(
          "version 2 has no encryption, and this batch is encrypted: path="
              + source
              + "; write version 3, or give --decrypt");
    }
    long bytes;
    try {
      bytes = to == Format.V2 ? writeV2(batch, target) : writeV3(batch, target);
    } catch (BatchFormatException e) {
      throw new IOException(
          "version "
              + to.version
              + " cannot hold this batch: "
              + e.getMessage()
              + ": path="
              + source,
          e);
    }
    output.line(
        "converted "
            + (batch.count() == 1 ? "1 entry" : Units.count(batch.count()) + " entries")
            + " from version "
            + batch.header().version()
            + " to "
            + to.version
            + ": "
            + Units.bytes(batch.header().objectBytes())
            + " to "
            + Units.bytes(bytes));
    FramedHeader header = batch.framedHeader();
    if (to == Format.V2 && header != null) {
      output.note(
          "version 2 does not keep the batch id and epoch: id="
              + header.id()
              + ", epoch="
              + Long.toUnsignedString(header.epoch()));
    }
  }

  private static boolean isEncrypted(Batch batch) {
    FramedHeader header = batch.framedHeader();
    return header != null && header.sealed();
  }

  private static long writeV2(Batch batch, Path target) throws IOException {
    try (BatchEncoder encoder = new BatchCodec().newEncoder()) {
      for (BatchEntry entry : batch) {
        encoder.add(entry.key(), entry.data());
      }
      return write(encoder.encode(), target);
    }
  }

  /** What had no header of version 3 before gets a new id, and belongs to no epoch. */
  private long writeV3(Batch batch, Path target) throws IOException {
    FramedHeader header = batch.framedHeader();
    if (header == null) {
      header = new FramedHeader(batch.count(), 0, TierManifest.newId(), System.currentTimeMillis());
    }
    FrameKeys held = keys;
    try (FramedBatchEncoder encoder = new FramedBatchEncoder()) {
      if (isEncrypted(batch) && !decrypt && held != null) {
        encoder.seal(held.current(), header.id());
      }
      for (BatchEntry entry : batch) {
        encoder.add(entry.key(), entry.data());
      }
      return write(encoder.encode(header), target);
    }
  }

  private static long write(MemorySegment object, Path target) throws IOException {
    String suffix = Long.toHexString(ThreadLocalRandom.current().nextLong());
    Path partial = target.resolveSibling("." + target.getFileName() + "." + suffix);
    try {
      try (FileChannel channel =
          FileChannel.open(partial, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ObjectBody.of(object).writeTo(channel);
        channel.force(true);
      }
      Files.move(partial, target);
    } finally {
      Files.deleteIfExists(partial);
    }
    return object.byteSize();
  }
}
