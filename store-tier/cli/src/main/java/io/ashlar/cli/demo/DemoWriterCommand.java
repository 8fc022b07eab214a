package io.ashlar.cli.demo;

import io.ashlar.cli.command.StoreArgument;
import io.ashlar.cli.console.Console;
import io.ashlar.cli.console.ExitCode;
import io.ashlar.cli.console.Json;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.cli.file.FilePacker;
import io.ashlar.store.local.LocalBlobStore;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * The half of the demo that is killed. It puts the files that its standard input lists, and prints
 * a line for every acknowledged epoch. It never ends by itself.
 *
 * <p>Input: one {@link Wanted} a line, then an empty line; the end of input ends this process at
 * once, since its parent is gone. Output: {@link #READY}, then one {@link Acknowledgement} a line.
 */
@Command(name = "demo-writer", hidden = true)
public final class DemoWriterCommand implements Callable<Integer> {

  /** The line that says that the store is open. */
  static final String READY = "ready";

  private static final int HOLD_S_MAX = 600;

  @Spec private @Nullable CommandSpec spec;
  @Mixin private StoreArgument store = new StoreArgument();

  @Option(names = "--epoch-bytes", required = true)
  private long epochBytes;

  @Option(names = "--hold-bytes", required = true)
  private long holdBytes;

  /** A file to put. */
  record Wanted(String name, String path) {}

  /**
   * An epoch that is durable.
   *
   * @param epoch its number.
   * @param names the files it put.
   * @param bytes their bytes.
   * @param latencyNs from its commit to its acknowledgement.
   * @param groups log records written so far.
   */
  record Acknowledgement(long epoch, List<String> names, long bytes, long latencyNs, long groups) {}

  /** Returns the size of the demo's epochs: small enough that many are made of a small tree. */
  static FilePacker.Limits limits(long epochBytes) {
    return new FilePacker.Limits(epochBytes, 256, 16, 32L << 20);
  }

  @Override
  public Integer call() throws IOException {
    Output output = Console.outputOf(Objects.requireNonNull(spec));
    BufferedReader input =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    List<Wanted> files = new ArrayList<>();
    for (String line = input.readLine(); line != null && !line.isEmpty(); line = input.readLine()) {
      files.add(Json.parse(line, Wanted.class));
    }
    Thread watch = new Thread(() -> haltAtEndOf(input), "ashlar-parent-watch");
    watch.setDaemon(true);
    watch.start();
    try (LocalBlobStore opened = store.openOrCreate();
        FilePacker writer =
            new FilePacker(
                opened,
                Catalogue.load(opened),
                limits(epochBytes),
                acknowledged -> print(output, opened, acknowledged))) {
      output.line(READY);
      output.out().flush();
      put(files, writer);
      hold();
    }
    return ExitCode.ERROR;
  }

  private void put(List<Wanted> files, FilePacker writer) {
    long bytes = 0;
    for (Wanted file : files) {
      if (bytes >= holdBytes) {
        break;
      }
      try {
        Path path = Path.of(file.path());
        writer.put(new BlobName(file.name()), path);
        bytes += Files.size(path);
      } catch (IOException e) {
        // Left to the parent, which tries again and says why.
      }
    }
    writer.finish();
  }

  private static void print(
      Output output, LocalBlobStore opened, FilePacker.Acknowledged acknowledged) {
    output.json(
        new Acknowledgement(
            acknowledged.epoch(),
            acknowledged.names().stream().map(BlobName::text).toList(),
            acknowledged.bytes(),
            acknowledged.latencyNs(),
            opened.stats().groups()));
    output.out().flush();
  }

  private static void haltAtEndOf(BufferedReader input) {
    try {
      while (input.readLine() != null) {}
    } catch (IOException e) {
      // The same as the end of input.
    }
    Runtime.getRuntime().halt(ExitCode.ERROR);
  }

  /** Waits to be killed. */
  private static void hold() {
    try {
      TimeUnit.SECONDS.sleep(HOLD_S_MAX);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
