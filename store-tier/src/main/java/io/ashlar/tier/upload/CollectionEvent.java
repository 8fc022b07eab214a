package io.ashlar.tier.upload;

import io.ashlar.tier.CollectionReport;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** One collection of a tier, in a flight recording. Thread: the tiering agent. */
@Name("io.ashlar.tier.Collection")
@Label("Tier Collection")
@Description("Checkpoints dropped, batches compacted and objects deleted by one collection")
@Category({"Ashlar", "Tier"})
@StackTrace(false)
@SuppressWarnings("UnusedVariable") // read by the recording
final class CollectionEvent extends Event {
  @Label("Manifest")
  private long manifestSequence;

  @Label("Oldest Kept")
  private long retainedFrom;

  @Label("Manifests Deleted")
  private long manifestsDeleted;

  @Label("Batches Deleted")
  private long batchesDeleted;

  @Label("Bytes Deleted")
  @DataAmount
  private long bytesDeleted;

  @Label("Batches Compacted")
  private long batchesCompacted;

  @Label("References Moved")
  private long referencesMoved;

  @Label("Stale Uploads Aborted")
  private long uploadsAborted;

  static void emit(CollectionReport report, long uploadsAborted) {
    CollectionEvent event = new CollectionEvent();
    if (event.isEnabled()) {
      event.manifestSequence = report.manifestSequence();
      event.retainedFrom = report.retainedFrom();
      event.manifestsDeleted = report.manifestsDeleted();
      event.batchesDeleted = report.batchesDeleted();
      event.bytesDeleted = report.bytesDeleted();
      event.batchesCompacted = report.batchesCompacted();
      event.referencesMoved = report.referencesMoved();
      event.uploadsAborted = uploadsAborted;
      event.commit();
    }
  }
}
