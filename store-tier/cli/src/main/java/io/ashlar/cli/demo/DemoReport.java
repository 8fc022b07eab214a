package io.ashlar.cli.demo;

import io.ashlar.cli.console.Output;
import io.ashlar.cli.console.Units;
import io.ashlar.tier.TierStats;
import java.util.List;
import java.util.Locale;

/**
 * What a demo did; also its JSON.
 *
 * @param checks what was compared, and what did not match.
 * @param engine how the disk was reached.
 * @param input what was stored.
 * @param commits how it was committed.
 * @param kill what the SIGKILL left.
 * @param tier how it went through the tier and back.
 * @param phases the steps, in order.
 */
record DemoReport(
    Checks checks,
    Engine engine,
    Input input,
    Commits commits,
    Kill kill,
    Tiered tier,
    List<Phase> phases) {

  /**
   * What was compared.
   *
   * @param matched whether every check held.
   * @param mismatches what did not match, at most {@link DemoJournal#MISMATCHES_MAX} lines.
   */
  record Checks(boolean matched, List<String> mismatches) {}

  /**
   * How the disk was reached.
   *
   * @param name the engine.
   * @param reason why that one.
   */
  record Engine(String name, String reason) {}

  /**
   * What was stored.
   *
   * @param files files.
   * @param bytes their bytes.
   * @param linksSkipped symbolic links that were skipped.
   * @param leftOut other things that were left out.
   * @param largestBytes the largest file.
   */
  record Input(long files, long bytes, long linksSkipped, long leftOut, long largestBytes) {}

  /**
   * How it was committed.
   *
   * @param epochs epochs committed, by the process that was killed and after it.
   * @param groups log records written for them, each with one sync.
   * @param p50Ns from a commit to its acknowledgement, half of them at most.
   * @param p99Ns the same, 99 of 100 at most.
   */
  record Commits(long epochs, long groups, long p50Ns, long p99Ns) {}

  /**
   * What the SIGKILL left.
   *
   * @param afterEpochs epochs acknowledged before it.
   * @param afterFiles files in them, all found again.
   * @param unacknowledgedFiles files found whole beyond those.
   * @param recovery what the reopening found.
   */
  record Kill(long afterEpochs, long afterFiles, long unacknowledgedFiles, String recovery) {}

  /**
   * How it went through the tier.
   *
   * @param packedBefore bytes that went into batches.
   * @param packedAfter bytes that came out of the compression.
   * @param batches objects they were packed into.
   * @param evicted blobs whose local bytes were dropped and read back.
   * @param stats requests of tiering, eviction and reading back.
   * @param restoreRequests requests of the restore.
   */
  record Tiered(
      long packedBefore,
      long packedAfter,
      long batches,
      long evicted,
      TierStats stats,
      Requests restoreRequests) {}

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
    line(output, "engine", engine.name() + " (" + engine.reason() + ")");
    line(
        output,
        "input",
        Units.count(input.files(), "file")
            + ", "
            + Units.bytes(input.bytes())
            + ", the largest "
            + Units.bytes(input.largestBytes())
            + "; skipped "
            + Units.count(input.linksSkipped(), "symbolic link")
            + (input.leftOut() == 0 ? "" : "; left out " + Units.count(input.leftOut())));
    line(
        output,
        "commits",
        Units.count(commits.epochs(), "epoch")
            + " in "
            + Units.count(commits.groups(), "group")
            + "; p50 "
            + Units.duration(commits.p50Ns())
            + ", p99 "
            + Units.duration(commits.p99Ns())
            + " from commit to acknowledgement");
    line(
        output,
        "SIGKILL",
        "after "
            + Units.count(kill.afterEpochs(), "acknowledged epoch")
            + " with "
            + Units.count(kill.afterFiles(), "file")
            + ": all there; "
            + Units.count(kill.unacknowledgedFiles())
            + " more found whole");
    line(output, "recovery", kill.recovery());
    line(
        output,
        "tier",
        Units.bytes(tier.packedBefore())
            + " packed to "
            + Units.bytes(tier.packedAfter())
            + " in "
            + Units.count(tier.batches(), "object")
            + String.format(
                Locale.ROOT,
                ", ratio %.2f",
                tier.packedAfter() == 0 ? 1.0 : (double) tier.packedBefore() / tier.packedAfter()));
    line(
        output,
        "requests",
        Units.count(tier.stats().puts())
            + " PUT, "
            + Units.count(tier.stats().gets())
            + " GET to tier and read back "
            + Units.count(tier.evicted(), "evicted blob")
            + "; "
            + Units.count(tier.restoreRequests().gets())
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
    for (String mismatch : checks.mismatches()) {
      output.line("mismatch: " + mismatch);
    }
    output.line(
        checks.matched()
            ? "OK: the SHA-256 of every file matched, after the kill, through the tier and after"
                + " the restore."
            : "FAILED: not everything matched.");
  }

  private static void line(Output output, String label, String value) {
    output.line(String.format(Locale.ROOT, "%-10s %s", label, value));
  }
}
