package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.local.LocalBlobStore;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

public class CatalogueTest {
  private final LocalBlobStore store;

  CatalogueTest(@TempDir Path folder) {
    store = LocalBlobStore.builder(folder).open();
  }

  @BeforeEach
  void shouldBeginEmpty() {
    assertThat(Catalogue.load(store).entries()).isEmpty();
  }

  @AfterEach
  void close() {
    store.close();
  }

  @Test
  void shouldFindNamesInAnotherLoad() {
    put(Catalogue.load(store), "b", "a/b", "ü");
    Catalogue loaded = Catalogue.load(store);
    assertThat(loaded.entries().keySet())
        .containsExactly(new BlobName("a/b"), new BlobName("b"), new BlobName("ü"));
    assertThat(loaded.find(new BlobName("b")))
        .isEqualTo(new Catalogue.BlobEntry(new BlobName("b").id(), 1, true));
    assertThat(loaded.find(new BlobName("c"))).isNull();
    assertThat(loaded.below(new BlobName("a"))).containsExactly(new BlobName("a/b"));
    assertThat(loaded.pageCount()).isEqualTo(1);
  }

  @Test
  void shouldWriteNoPageForNamesThatAreListed() {
    Catalogue catalogue = Catalogue.load(store);
    put(catalogue, "a", "b");
    put(catalogue, "b", "a");
    put(Catalogue.load(store), "a");
    assertThat(Catalogue.load(store).pageCount()).isEqualTo(1);
  }

  @Test
  void shouldMergeSmallPagesSoThatTheyCannotPileUp() {
    Catalogue catalogue = Catalogue.load(store);
    for (int i = 0; i < 300; i++) {
      put(catalogue, "f" + i);
      assertThat(catalogue.pageCount()).isLessThanOrEqualTo(Catalogue.SMALL_PAGES_MAX);
    }
    Catalogue loaded = Catalogue.load(store);
    assertThat(loaded.entries()).hasSize(300);
    assertThat(loaded.pageCount()).isEqualTo(catalogue.pageCount());
    assertThat(loaded.unnamed()).isEmpty();
  }

  @Test
  void shouldRemoveBlobsAndTheirNamesAsOne() {
    Catalogue catalogue = Catalogue.load(store);
    put(catalogue, "a", "b", "c");
    put(catalogue, "d");
    remove(catalogue, "a", "d", "never there");
    for (Catalogue seen : List.of(catalogue, Catalogue.load(store))) {
      assertThat(seen.entries().keySet()).containsExactly(new BlobName("b"), new BlobName("c"));
      assertThat(seen.pageCount()).isEqualTo(1);
    }
    remove(Catalogue.load(store), "b", "c");
    assertThat(store.stats().blobs()).isZero();
  }

  @Test
  void shouldKeepAPageThatComesOutTheSameInOneEpoch() {
    Catalogue catalogue = Catalogue.load(store);
    put(catalogue, "a");
    put(catalogue, "b");
    put(catalogue, "a", "b");
    remove(catalogue, "b");
    put(catalogue, "b");
    assertThat(Catalogue.load(store).entries()).hasSize(2);
  }

  @Test
  void shouldForgetANameWhoseBlobAnotherProgramDeleted() {
    put(Catalogue.load(store), "a", "b");
    try (Epoch epoch = store.beginEpoch()) {
      epoch.delete(new BlobName("a").id());
      epoch.commit();
    }
    Catalogue catalogue = Catalogue.load(store);
    assertThat(catalogue.entries().keySet()).containsExactly(new BlobName("b"));
    put(catalogue, "a");
    assertThat(Catalogue.load(store).entries()).hasSize(2);
  }

  @Test
  void shouldTellBlobsThatHaveNoName() {
    put(Catalogue.load(store), "a");
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(new BlobId(1, 2), MemorySegment.ofArray(new byte[3]));
      epoch.commit();
    }
    assertThat(Catalogue.load(store).unnamed())
        .containsExactly(new Catalogue.BlobEntry(new BlobId(1, 2), 3, true));
  }

  @Test
  void shouldRefuseAStoreWhosePageHoldsAHostileName() {
    putHostilePage(store);
    assertThatThrownBy(() -> Catalogue.load(store))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("name refused");
  }

  @Test
  @Tag("campaign")
  void shouldListTenThousandNamesInFewBytes() {
    Catalogue catalogue = Catalogue.load(store);
    List<String> names =
        IntStream.range(0, 10_000).mapToObj(i -> "folder/file-" + i + ".txt").toList();
    for (int from = 0; from < names.size(); from += 1000) {
      put(catalogue, names.subList(from, from + 1000).toArray(String[]::new));
    }
    long pageBytes = 0;
    for (BlobId page : pages()) {
      pageBytes += store.length(page);
    }
    assertThat(pageBytes).isLessThan(10_000L * 32);
    assertThat(Catalogue.load(store).entries()).hasSize(10_000);
  }

  /** Puts a page that lists {@code ../escaped} beside a blob under that name's id. */
  public static void putHostilePage(LocalBlobStore store) {
    byte[] page = CatalogueFormat.encode(List.of(new BlobName("aa/escaped")));
    byte[] name = "../escaped".getBytes(StandardCharsets.UTF_8);
    System.arraycopy(name, 0, page, page.length - name.length, name.length);
    byte[] digest = BlobName.sha256().digest(name);
    try (Epoch epoch = store.beginEpoch()) {
      epoch.put(CatalogueFormat.idOf(page), MemorySegment.ofArray(page));
      epoch.put(BlobId.of(Arrays.copyOf(digest, 16)), MemorySegment.ofArray(new byte[1]));
      epoch.commit();
    }
  }

  private List<BlobId> pages() {
    List<BlobId> pages = new ArrayList<>();
    store.forEach((high, low, length, local) -> {
      if (Catalogue.isPage(new BlobId(high, low))) {
        pages.add(new BlobId(high, low));
      }
    });
    return pages;
  }

  private void put(Catalogue catalogue, String... names) {
    Map<BlobName, Catalogue.BlobEntry> files = new LinkedHashMap<>();
    try (Epoch epoch = store.beginEpoch()) {
      for (String text : names) {
        BlobName name = new BlobName(text);
        epoch.put(name.id(), MemorySegment.ofArray(new byte[] {1}));
        files.put(name, new Catalogue.BlobEntry(name.id(), 1, true));
      }
      catalogue.addTo(epoch, files);
      epoch.commit();
    }
  }

  private void remove(Catalogue catalogue, String... names) {
    try (Epoch epoch = store.beginEpoch()) {
      catalogue.removeFrom(epoch, Arrays.stream(names).map(BlobName::new).toList());
      epoch.commit();
    }
  }
}
