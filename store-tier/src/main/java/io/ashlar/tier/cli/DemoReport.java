package io.ashlar.tier.cli;

import io.ashlar.tier.TierStats;
import java.util.List;
import java.util.Locale;

/**
 * What a demo did; also its JSON.
 *
 * @param matched whether every check held.
 * @param mismatches what did not match, at most {@link DemoJournal#MISMATCHES_MAX} lines.
 * @param engine how the disk was reached.
 * @param engineReason why so.
 * @param files files stored.
 * @param bytes their bytes.
 * @param linksSkipped symbolic links that were skipped.
 * @param leftOut other things that were left out.
 * @param largestBytes the largest file.
 * @param epochs epochs committed, by the process that was killed and after it.
 * @param groups log records written for them, each with one sync.
 * @param commitP50Ns from a commit to its acknowledgement, half of them at most.
 * @param commitP99Ns the same, 99 of 100 at most.
 * @param killedAfterEpochs epochs acknowledged before the SIGKILL.
 * @param killedAfterFiles files in them, all found again.
 * @param unacknowledgedFiles files found whole beyond those.
 * @param recovery what the reopening found.
 * @param packedBefore bytes that went into batches.
 * @param packedAfter bytes that came out of the compression.
 * @param batches objects they were packed into.
 * @param evicted blobs whose local bytes were dropped and read back through the tier.
 * @param tierRequests requests of tiering, eviction and read-back.
 * @param restoreRequests requests of the restore.
 * @param phases the steps, in order.
 */
record DemoReport(
    boolean matched,
    List<String> mismatches,
    String engine,
    String engineReason,
    long files,
    long bytes,
    long linksSkipped,
    long leftOut,
    long largestBytes,
    long epochs,
    long groups,
    long commitP50Ns,
    long commitP99Ns,
    long killedAfterEpochs,
    long killedAfterFiles,
    long unacknowledgedFiles,
    String recovery,
    long packedBefore,
    long packedAfter,
    long batches,
    long evicted,
    TierStats tierRequests,
    Requests restoreRequests,
    List<Phase> phases) {

  /** Requests sent to the object store. */
  record Requests(long puts, long gets) {}

  /**
   * One step.
   *
   * @param name what it did.
   * @param bytes bytes it moved or read, 0 where that says nothing.
   * @param elapsedNs how long it took.
   */
  record Phase(String name, long bytes, long elapsedNs) {}

  /** Prints the summary: one screen. */
  void print(Output output) {
    output.line("");
    line(output, "engine", engine + " (" + engineReason + ")");
    line(
        output,
        "input",
        Units.count(files, "file")
            + ", "
            + Units.bytes(bytes)
            + ", the largest "
            + Units.bytes(largestBytes)
            + "; skipped "
            + Units.count(linksSkipped, "symbolic link")
            + (leftOut == 0 ? "" : "; left out " + Units.count(leftOut)));
    line(
        output,
        "commits",
        Units.count(epochs, "epoch")
            + " in "
            + Units.count(groups, "group")
            + "; p50 "
            + Units.duration(commitP50Ns)
            + ", p99 "
            + Units.duration(commitP99Ns)
            + " from commit to acknowledgement");
    line(
        output,
        "SIGKILL",
        "after "
            + Units.count(killedAfterEpochs, "acknowledged epoch")
            + " with "
            + Units.count(killedAfterFiles, "file")
            + ": all there; "
            + Units.count(unacknowledgedFiles)
            + " more found whole");
    line(output, "recovery", recovery);
    line(
        output,
        "tier",
        Units.bytes(packedBefore)
            + " packed to "
            + Units.bytes(packedAfter)
            + " in "
            + Units.count(batches, "object")
            + String.format(
                Locale.ROOT,
                ", ratio %.2f",
                packedAfter == 0 ? 1.0 : (double) packedBefore / packedAfter));
    line(
        output,
        "requests",
        Units.count(tierRequests.puts())
            + " PUT, "
            + Units.count(tierRequests.gets())
            + " GET to tier and read back "
            + Units.count(evicted, "evicted blob")
            + "; "
            + Units.count(restoreRequests.gets())
            + " GET to restore");
    for (Phase phase : phases) {
      line(
          output,
          phase.name(),
          String.format(
              Locale.ROOT,
              "%8s%s",
              Units.duration(phase.elapsedNs()),
              phase.bytes() == 0
                  ? ""
                  : String.format(
                      Locale.ROOT,
                      "  %10s  %10s",
                      Units.bytes(phase.bytes()),
                      Units.rate(phase.bytes(), phase.elapsedNs()))));
    }
    output.line("");
    for (String mismatch : mismatches) {
      output.line("mismatch: " + mismatch);
    }
    output.line(
        matched
            ? "OK: the SHA-256 of every file matched, after the kill, through the tier and after"
                + " the restore."
            : "FAILED: not everything matched.");
  }

  private static void line(Output output, String label, String value) {
    output.line(String.format(Locale.ROOT, "%-10s %s", label, value));
  }
}
