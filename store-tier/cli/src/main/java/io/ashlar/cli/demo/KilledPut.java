package io.ashlar.cli.demo;

import io.ashlar.cli.console.Json;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Progress;
import io.ashlar.cli.file.BlobName;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A put in a process of its own that is killed with SIGKILL in the middle, and what it had
 * acknowledged. A line that arrived is the proof, so lines are read to the end after the kill.
 *
 * @param epochs how many epochs.
 * @param lastEpoch the number of the last one, 0 for none.
 * @param bytes the bytes of their files.
 * @param names their files.
 */
record KilledPut(long epochs, long lastEpoch, long bytes, Set<BlobName> names) {
  private static final long DEADLINE_S_MIN = 120;
  private static final long BYTES_A_SECOND_MIN = 2_000_000;

  /**
   * Starts the process, gives it the files, and kills it once half of the bytes are acknowledged.
   *
   * @param store where it makes the store.
   * @throws IOException if it failed by itself, with its own words, or did not get there in time.
   */
  static KilledPut run(
      DemoSource source,
      Path store,
      List<String> storeArguments,
      long epochBytes,
      DemoJournal journal,
      Output output)
      throws IOException {
    List<String> arguments = new ArrayList<>(List.of("demo-writer", "--quiet"));
    arguments.addAll(storeArguments);
    arguments.add("--epoch-bytes=" + epochBytes);
    arguments.add("--hold-bytes=" + Math.max(1, source.bytes() - source.bytes() / 4));
    arguments.add(store.toString());
    long deadlineS = DEADLINE_S_MIN + source.bytes() / BYTES_A_SECOND_MIN;
    try (ChildProcess child = ChildProcess.start(arguments, TimeUnit.SECONDS.toNanos(deadlineS))) {
      if (!sent(source, child) || !DemoWriterCommand.READY.equals(child.nextLine())) {
        throw new IOException(child.failure());
      }
      try (Progress progress = output.progress("put", source.bytes())) {
        return follow(child, source.bytes() / 2, journal, progress);
      }
    }
  }

  /** Returns whether the process lived to take the list. */
  private static boolean sent(DemoSource source, ChildProcess child) {
    List<String> lines = new ArrayList<>();
    for (BlobName name : source.order()) {
      String path = source.file(name).path().toString();
      lines.add(Json.line(new DemoWriterCommand.Wanted(name.text(), path)));
    }
    lines.add("");
    try {
      child.send(lines);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static KilledPut follow(
      ChildProcess child, long killBytes, DemoJournal journal, Progress progress)
      throws IOException {
    Set<BlobName> names = new HashSet<>();
    long epochs = 0;
    long lastEpoch = 0;
    long bytes = 0;
    long groups = 0;
    boolean killed = false;
    long startNs = System.nanoTime();
    for (@Nullable String line = child.nextLine(); line != null; line = child.nextLine()) {
      var acknowledgement = Json.parse(line, DemoWriterCommand.Acknowledgement.class);
      acknowledgement.names().forEach(name -> names.add(new BlobName(name)));
      journal.onCommit(acknowledgement.latencyNs());
      epochs++;
      lastEpoch = acknowledgement.epoch();
      bytes += acknowledgement.bytes();
      groups = acknowledgement.groups();
      progress.at(names.size(), bytes);
      if (!killed && bytes >= killBytes) {
        child.kill();
        killed = true;
      }
    }
    journal.onPhase("put", bytes, startNs);
    journal.onGroups(groups);
    if (!killed || child.awaitEnd() != ChildProcess.KILLED) {
      throw new IOException(child.failure());
    }
    return new KilledPut(epochs, lastEpoch, bytes, Set.copyOf(names));
  }
}
