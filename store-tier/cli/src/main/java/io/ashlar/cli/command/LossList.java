package io.ashlar.cli.command;

import io.ashlar.cli.console.ErrorText;
import io.ashlar.cli.console.Output;
import io.ashlar.cli.file.BlobName;
import io.ashlar.cli.file.Catalogue;
import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import io.ashlar.store.TierUnavailableException;
import io.ashlar.tier.LossListener;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a partial restore or a repair found lost, with names where a catalogue knows them.
 *
 * <p>Thread: filled by one, and read afterwards. Memory: at most {@value #LOSSES_MAX} entries.
 */
final class LossList implements LossListener {
  private static final int LOSSES_MAX = 100_000;

  /**
   * One loss; also its JSON.
   *
   * @param kind object, lost, uncertain, orphan or adopted.
   * @param object the key of an object; null of a blob.
   * @param id of a blob, or null.
   * @param name of a blob, if it is known.
   * @param length of the blob, in the state that is known; −1 if none is.
   * @param checkpoint at which that state is known; 0 if none is.
   * @param message what is wrong with it.
   */
  record Loss(
      String kind,
      @Nullable String object,
      @Nullable String id,
      @Nullable String name,
      long length,
      long checkpoint,
      String message) {}

  private final List<Loss> losses = new ArrayList<>();
  private final Set<BlobId> told = new HashSet<>();
  private final Map<String, BlobName> names = new HashMap<>();
  private boolean cut;

  private void add(Loss loss) {
    if (losses.size() < LOSSES_MAX) {
      losses.add(loss);
    } else {
      cut = true;
    }
  }

  @Override
  public void onLostObject(String object, String reason) {
    add(new Loss("object", object, null, null, -1, 0, reason));
  }

  @Override
  public void onLostBlob(BlobId id, long length, long sequence) {
    told.add(id);
    add(new Loss("lost", null, id.toString(), null, length, sequence, "its bytes are gone"));
  }

  @Override
  public void onUncertainBlob(BlobId id, long length, long sequence, boolean restored) {
    told.add(id);
    add(
        new Loss(
            "uncertain",
            null,
            id.toString(),
            null,
            length,
            sequence,
            "a later change may be lost" + (restored ? "; restored as it was" : "")));
  }

  @Override
  public void onOrphan(String object, boolean adopted) {
    add(
        new Loss(
            adopted ? "adopted" : "orphan",
            object,
            null,
            null,
            -1,
            0,
            adopted
                ? "no manifest named it; it is part of the tier again"
                : "no manifest names it, and nothing needs it"));
  }

  /**
   * Takes in the names of the restored store. A name that a page lists and that holds no blob is of
   * a lost one.
   */
  void name(Catalogue catalogue) {
    catalogue.entries().forEach((name, blob) -> names.put(blob.id().toString(), name));
    for (BlobName name : catalogue.missing()) {
      names.put(name.id().toString(), name);
      if (!told.contains(name.id())) {
        add(
            new Loss(
                "lost", null, name.id().toString(), name.text(), -1, 0, "its blob is not found"));
      }
    }
  }

  /** Takes in the names of the store that was repaired, as far as its pages can be read. */
  void nameKnown(BlobStore store, Output output) {
    try {
      Catalogue.load(store)
          .entries()
          .forEach((name, blob) -> names.put(blob.id().toString(), name));
    } catch (CorruptionException | FormatVersionException | TierUnavailableException e) {
      output.note("note: names are not known: " + ErrorText.of(e));
    }
  }

  /** All losses, in the order in which they were found. */
  List<Loss> losses() {
    return losses.stream()
        .map(loss -> {
          BlobName name = loss.id() == null ? null : names.get(loss.id());
          return name == null
              ? loss
              : new Loss(
                  loss.kind(),
                  loss.object(),
                  loss.id(),
                  name.text(),
                  loss.length(),
                  loss.checkpoint(),
                  loss.message());
        })
        .toList();
  }

  /** Prints each as a line. */
  void print(Output output) {
    for (Loss loss : losses()) {
      String name = loss.name();
      output.line(
          loss.id() == null
              ? loss.kind() + ": " + loss.object() + ": " + loss.message()
              : loss.kind()
                  + ": id="
                  + loss.id()
                  + ", name="
                  + (name == null ? "-" : BlobName.printable(name))
                  + (loss.checkpoint() == 0 ? "" : ", known at checkpoint " + loss.checkpoint())
                  + ": "
                  + loss.message());
    }
    if (cut) {
      output.note("note: more than " + LOSSES_MAX + " losses; the rest is counted only");
    }
  }
}
