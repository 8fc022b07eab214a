package io.ashlar.cli.file;

import io.ashlar.store.BlobId;
import io.ashlar.store.BlobStore;
import io.ashlar.store.BlobVisitor;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.Epoch;
import io.ashlar.store.Snapshot;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.ToLongBiFunction;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The names of a store's blobs: pages of names kept as blobs in the same store (see {@link
 * CatalogueFormat}).
 *
 * <p><b>What is named.</b> A name exists exactly when a page lists it and its id (a hash of the
 * name) holds a blob. A put writes a page of the new names <em>in the same epoch</em> as their
 * blobs. A removal deletes blob and listing in one epoch. So no crash, and no restore to any point,
 * can leave a file without its name.
 *
 * <p><b>Why pages of an epoch.</b> A put of 10,000 files writes each name once, in the page of its
 * epoch; one catalogue blob would be rewritten whole with every epoch, and pages by folder grow
 * without bound for one large folder. Names that are listed already (a file put again) need nothing
 * new. Pages cannot pile up: when {@value #SMALL_PAGES_MAX} small ones exist, the next put merges
 * them into its own page, in its own epoch.
 *
 * <p>Thread: one at a time. The store's lock keeps other processes out, so what was loaded stays
 * true; an epoch that fails leaves this object wrong, to be loaded again.
 */
public final class Catalogue {

  /** Pages below {@link #SMALL_PAGE_BYTES} at which the next put merges them. */
  static final int SMALL_PAGES_MAX = 64;

  /** A page with fewer bytes is small. */
  static final int SMALL_PAGE_BYTES = 16 << 10;

  /** Where a removal that gathers what is left of several pages begins another page. */
  private static final int MERGED_BYTES_MAX = SMALL_PAGES_MAX * SMALL_PAGE_BYTES;

  private final NavigableMap<BlobId, Page> pages = new TreeMap<>();

  private final NavigableMap<BlobName, BlobEntry> entries = new TreeMap<>();
  private final List<BlobEntry> unnamed = new ArrayList<>();

  private Catalogue() {}

  /**
   * A blob of a store.
   *
   * @param id its id.
   * @param length its length in bytes.
   * @param local whether its bytes are in the data file, rather than in the tier only.
   */
  public record BlobEntry(BlobId id, long length, boolean local) {}

  /** What names are read from: a store, or a snapshot of one. */
  private record Blobs(
      Consumer<BlobVisitor> forEach,
      ToLongFunction<BlobId> length,
      ToLongBiFunction<BlobId, MemorySegment> get) {}

  /** A page's length, and its names as listed, those that hold no blob any more included. */
  private record Page(int bytes, List<BlobName> names) {}

  /** Returns whether {@code id} is that of a page, which no eviction should touch. */
  public static boolean isPage(BlobId id) {
    return CatalogueFormat.isPage(id);
  }

  /**
   * Reads the names of a store.
   *
   * @throws CorruptionException if a page is damaged.
   * @throws io.ashlar.store.FormatVersionException if a later program wrote a page.
   * @throws io.ashlar.store.TierUnavailableException if a page is in the tier only.
   */
  public static Catalogue load(BlobStore store) {
    return load(new Blobs(store::forEach, store::length, store::get));
  }

  /** Reads the names of a store as a snapshot sees it, such as one that is only looked at. */
  public static Catalogue load(Snapshot snapshot) {
    return load(new Blobs(snapshot::forEach, snapshot::length, snapshot::get));
  }

  private static Catalogue load(Blobs store) {
    Catalogue catalogue = new Catalogue();
    Map<BlobId, BlobEntry> blobs = new HashMap<>();
    List<BlobId> pageIds = new ArrayList<>();
    store.forEach.accept((high, low, length, local) -> {
      BlobId id = new BlobId(high, low);
      if (CatalogueFormat.isPage(id)) {
        pageIds.add(id);
      } else {
        blobs.put(id, new BlobEntry(id, length, local));
      }
    });
    pageIds.sort(Comparator.naturalOrder());
    Set<BlobId> named = new HashSet<>();
    for (BlobId pageId : pageIds) {
      byte[] page = read(store, pageId);
      List<BlobName> names = CatalogueFormat.decode(pageId, page);
      catalogue.pages.put(pageId, new Page(page.length, names));
      for (BlobName name : names) {
        BlobEntry blob = blobs.get(name.id());
        if (blob != null) {
          catalogue.entries.put(name, blob);
          named.add(blob.id());
        }
      }
    }
    blobs.values().stream()
        .filter(blob -> !named.contains(blob.id()))
        .sorted(Comparator.comparing(BlobEntry::id))
        .forEach(catalogue.unnamed::add);
    return catalogue;
  }

  private static byte[] read(Blobs store, BlobId id) {
    long length = store.length.applyAsLong(id);
    if (length < 0 || length > CatalogueFormat.PAGE_BYTES_MAX) {
      throw new CorruptionException(
          "catalogue page has an impossible length: id=" + id + ", length=" + length,
          id,
          -1,
          CatalogueFormat.PAGE_BYTES_MAX,
          length,
          null);
    }
    byte[] page = new byte[(int) length];
    long read = store.get.applyAsLong(id, MemorySegment.ofArray(page));
    if (read != length) {
      throw new CorruptionException(
          "catalogue page changed while it was read: id=" + id, id, -1, length, read, null);
    }
    return page;
  }

  /** Returns the blobs that have names, in the order of their names. */
  public NavigableMap<BlobName, BlobEntry> entries() {
    return Collections.unmodifiableNavigableMap(entries);
  }

  /** Returns the blob that {@code name} names, or null. */
  public @Nullable BlobEntry find(BlobName name) {
    return entries.get(name);
  }

  /** Returns the names that {@code folder} is, or that lie below it. */
  public List<BlobName> below(BlobName folder) {
    return entries.keySet().stream().filter(name -> name.isBelow(folder)).toList();
  }

  /** Returns the names that a page lists and that hold no blob: their blobs were lost. */
  public List<BlobName> missing() {
    Set<BlobName> missing = new TreeSet<>();
    pages.values().forEach(page -> missing.addAll(page.names()));
    missing.removeAll(entries.keySet());
    return List.copyOf(missing);
  }

  /** Returns the blobs that no page names, in the order of their ids: another program's. */
  public List<BlobEntry> unnamed() {
    return Collections.unmodifiableList(unnamed);
  }

  /** Returns how many pages there are. */
  public int pageCount() {
    return pages.size();
  }

  /**
   * Adds the names of {@code files} to {@code epoch}: a page of those that are not listed yet, if
   * any. Merges small pages when there are too many.
   *
   * @param files the names put in this epoch, with their blobs.
   */
  void addTo(Epoch epoch, Map<BlobName, BlobEntry> files) {
    Set<BlobName> listed = new TreeSet<>();
    for (Map.Entry<BlobName, BlobEntry> file : files.entrySet()) {
      if (entries.put(file.getKey(), file.getValue()) == null) {
        listed.add(file.getKey());
      }
    }
    if (listed.isEmpty()) {
      return;
    }
    for (BlobId old : mergeable()) {
      listed.addAll(liveNames(old));
      drop(epoch, old);
    }
    write(epoch, listed);
  }

  private List<BlobId> mergeable() {
    List<BlobId> small = new ArrayList<>();
    for (Map.Entry<BlobId, Page> page : pages.entrySet()) {
      if (page.getValue().bytes() < SMALL_PAGE_BYTES && small.size() < SMALL_PAGES_MAX) {
        small.add(page.getKey());
      }
    }
    return small.size() < SMALL_PAGES_MAX ? List.of() : small;
  }

  /**
   * Adds to {@code epoch} the deletes of {@code names} and of their listings. Names that are not
   * there are left out.
   *
   * @return how many blobs are deleted.
   */
  public int removeFrom(Epoch epoch, Collection<BlobName> names) {
    Set<BlobName> gone = new HashSet<>(names);
    gone.retainAll(entries.keySet());
    for (BlobName name : gone) {
      epoch.delete(name.id());
      entries.remove(name);
    }
    List<BlobId> touched =
        pages.entrySet().stream()
            .filter(page -> page.getValue().names().stream().anyMatch(gone::contains))
            .map(Map.Entry::getKey)
            .toList();
    Set<BlobName> kept = new TreeSet<>();
    int bytes = 0;
    for (BlobId old : touched) {
      List<BlobName> live = liveNames(old);
      drop(epoch, old);
      kept.addAll(live);
      bytes += live.stream().mapToInt(CatalogueFormat::entryBytes).sum();
      if (bytes >= MERGED_BYTES_MAX) {
        write(epoch, kept);
        kept = new TreeSet<>();
        bytes = 0;
      }
    }
    if (!kept.isEmpty()) {
      write(epoch, kept);
    }
    return gone.size();
  }

  private List<BlobName> liveNames(BlobId page) {
    Page old = pages.get(page);
    return old == null ? List.of() : old.names().stream().filter(entries::containsKey).toList();
  }

  private void drop(Epoch epoch, BlobId page) {
    epoch.delete(page);
    pages.remove(page);
  }

  /** Puts after the deletes of this epoch: a page that comes out the same again stays. */
  private void write(Epoch epoch, Set<BlobName> names) {
    byte[] page = CatalogueFormat.encode(names);
    BlobId id = CatalogueFormat.idOf(page);
    epoch.put(id, MemorySegment.ofArray(page));
    pages.put(id, new Page(page.length, List.copyOf(names)));
  }
}
