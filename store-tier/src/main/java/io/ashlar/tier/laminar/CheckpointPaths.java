package io.ashlar.tier.laminar;

import io.ashlar.tier.object.ObjectKey;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the objects of LaminarDB's checkpoints are, below a prefix.
 *
 * <pre>
 * {prefix}_latest                                        the id of the newest checkpoint, as text
 * {prefix}{id}/manifest.json                             what {@link CheckpointManifest} says
 * {prefix}{id}/operators/{operator}/partition-{n}.snap   a partition's whole state
 * {prefix}{id}/operators/{operator}/partition-{n}.delta  its changes since the parent
 * {prefix}{id}/offsets/{source}.json                     where a source was
 * </pre>
 *
 * <p>A prefix with and without a slash at its end is the same. LaminarDB itself leaves out the
 * slash after {@code {id}}. Such names are read too, and never written.
 *
 * <p>The {@code path} of a manifest's entry is relative to {@code {prefix}{id}/}. LaminarDB stores
 * the whole key there; {@link #artifactKeys} understands both, and never leaves the prefix.
 *
 * <p>Thread: any; immutable. No requests are made here.
 */
public final class CheckpointPaths {
  /** The prefix that LaminarDB uses if it is given none. */
  public static final String PREFIX_DEFAULT = "checkpoints/";

  /** Greatest partition number. */
  public static final long PARTITION_MAX = 0xFFFF_FFFFL;

  private static final String LATEST = "_latest";
  private static final String MANIFEST = "manifest.json";
  private static final String ID =
      "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
  private static final Pattern IN_CHECKPOINT = Pattern.compile("(" + ID + ")(/?)(.+)");
  private static final Pattern WHOLE_KEY = Pattern.compile("(?:.*/)?(" + ID + ")/?(.+)");

  private final String prefix;

  /**
   * @param prefix empty for the root of the store, or key components.
   * @throws io.ashlar.tier.object.ObjectKeyException if it breaks the rules for keys.
   */
  public CheckpointPaths(String prefix) {
    String bare = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
    this.prefix = bare.isEmpty() ? "" : ObjectKey.check(bare) + "/";
  }

  /** Paths below {@link #PREFIX_DEFAULT}. */
  public CheckpointPaths() {
    this(PREFIX_DEFAULT);
  }

  /** The prefix: empty, or with a slash at its end. */
  public String prefix() {
    return prefix;
  }

  /** The key of the pointer to the newest checkpoint. */
  public String latest() {
    return prefix + LATEST;
  }

  /** What every key of a checkpoint starts with, with a slash at its end. */
  public String directory(CheckpointId id) {
    return prefix + id + "/";
  }

  /** The key of a checkpoint's manifest. */
  public String manifest(CheckpointId id) {
    return directory(id) + MANIFEST;
  }

  /** The key of a partition's whole state. */
  public String snapshot(CheckpointId id, String operator, long partition) {
    return directory(id) + relative(operator, partition, false);
  }

  /** The key of a partition's changes. */
  public String delta(CheckpointId id, String operator, long partition) {
    return directory(id) + relative(operator, partition, true);
  }

  /** The key of a source's offsets. */
  public String sourceOffset(CheckpointId id, String source) {
    return directory(id) + "offsets/" + component(source) + ".json";
  }

  /**
   * What a manifest says about where a partition is.
   *
   * @param operator one component of a key.
   * @param partition 0 to {@link #PARTITION_MAX}.
   * @throws io.ashlar.tier.object.ObjectKeyException if the operator's name cannot be in a key.
   */
  public static String relative(String operator, long partition, boolean isDelta) {
    if (partition < 0 || partition > PARTITION_MAX) {
      throw new IllegalArgumentException("partition out of range: value=" + partition);
    }
    return "operators/"
        + component(operator)
        + "/partition-"
        + partition
        + (isDelta ? ".delta" : ".snap");
  }

  private static String component(String name) {
    if (name.indexOf('/') >= 0) {
      throw new IllegalArgumentException(
          "name of an operator or a source has a slash: characters=" + name.length());
    }
    return ObjectKey.check(name);
  }

  /** The key of a manifest as LaminarDB writes it, without the slash. */
  String slashlessManifest(CheckpointId id) {
    return prefix + id + MANIFEST;
  }

  /** What all keys of a checkpoint start with, those without the slash included. */
  String everything(CheckpointId id) {
    return prefix + id;
  }

  /**
   * Where the object of a manifest's entry can be, the likeliest first.
   *
   * @param id the checkpoint whose manifest it is.
   * @param path the entry's path. It is relative, or the whole key, with or without the slash, of
   *     this prefix or of the one it was copied from.
   * @throws io.ashlar.tier.object.ObjectKeyException if it breaks the rules for keys, by {@code ..}
   *     say.
   */
  public List<String> artifactKeys(CheckpointId id, String path) {
    Matcher whole = WHOLE_KEY.matcher(path);
    String directory = prefix + (whole.matches() ? whole.group(1) : id.toString());
    String relative = whole.matches() ? whole.group(2) : path;
    return List.of(
        ObjectKey.check(directory + "/" + relative), ObjectKey.check(directory + relative));
  }

  /**
   * What a key below the prefix says.
   *
   * @param id the checkpoint it belongs to.
   * @param isManifest whether it is that checkpoint's manifest.
   * @param slashed whether the id is followed by a slash.
   */
  record Place(CheckpointId id, boolean isManifest, boolean slashed) {}

  /** What {@code key} says, or null if it belongs to no checkpoint. */
  @Nullable Place place(String key) {
    if (!key.startsWith(prefix)) {
      return null;
    }
    Matcher matcher = IN_CHECKPOINT.matcher(key.substring(prefix.length()));
    if (!matcher.matches()) {
      return null;
    }
    return new Place(
        CheckpointId.parse(matcher.group(1)),
        matcher.group(3).equals(MANIFEST),
        !matcher.group(2).isEmpty());
  }

  /** A key after all of a checkpoint's keys with the slash, to continue a listing from. */
  String afterDirectory(CheckpointId id) {
    return directory(id) + "~";
  }

  @Override
  public String toString() {
    return prefix;
  }
}
