package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.store.BlobId;
import io.ashlar.store.CorruptionException;
import io.ashlar.store.FormatVersionException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class CatalogueFormatTest {
  private static final BlobId ID = new BlobId(CatalogueFormat.ID_HIGH, 7);
  private static final List<BlobName> NAMES = List.of(new BlobName("a/b"), new BlobName("ü"));

  /** magic, version 1, count 2, zero, (3, "a/b"), (2, "ü"). */
  private static final String GOLDEN =
      "41534843" + "01000000" + "02000000" + "00000000" + "0300612f62" + "0200c3bc";

  @Test
  void shouldWriteTheBytesOfTheSpecification() {
    byte[] page = CatalogueFormat.encode(NAMES);
    assertThat(HexFormat.of().formatHex(page)).isEqualTo(GOLDEN);
    assertThat(page.length)
        .isEqualTo(16 + NAMES.stream().mapToInt(CatalogueFormat::entryBytes).sum());
  }

  @Test
  void shouldReadWhatItWrote() {
    assertThat(CatalogueFormat.decode(ID, HexFormat.of().parseHex(GOLDEN))).isEqualTo(NAMES);
    assertThat(CatalogueFormat.decode(ID, CatalogueFormat.encode(List.of()))).isEmpty();
  }

  @Test
  void shouldReserveTheUpperHalfOfTheIdsForGood() {
    assertThat(HexFormat.of().toHexDigits(CatalogueFormat.ID_HIGH)).isEqualTo("1c4b76e81647dafb");
    BlobId id = CatalogueFormat.idOf(CatalogueFormat.encode(NAMES));
    assertThat(CatalogueFormat.isPage(id)).isTrue();
    assertThat(CatalogueFormat.isPage(new BlobName("a").id())).isFalse();
  }

  @Test
  void shouldRefuseEveryTruncation() {
    byte[] page = HexFormat.of().parseHex(GOLDEN);
    for (int length = 0; length < page.length; length++) {
      byte[] cut = Arrays.copyOf(page, length);
      assertThatThrownBy(() -> CatalogueFormat.decode(ID, cut))
          .as("length %d", length)
          .isInstanceOf(CorruptionException.class);
    }
    assertThatThrownBy(() -> CatalogueFormat.decode(ID, Arrays.copyOf(page, page.length + 1)))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("id=" + ID);
  }

  @Test
  void shouldRefuseOrReadEveryFlippedBitAndNeverMore() {
    byte[] page = HexFormat.of().parseHex(GOLDEN);
    for (int bit = 0; bit < page.length * 8; bit++) {
      byte[] flipped = page.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      try {
        assertThat(CatalogueFormat.decode(ID, flipped)).hasSize(2);
        assertThat(bit / 8).as("only names can differ unseen here").isGreaterThanOrEqualTo(18);
      } catch (CorruptionException | FormatVersionException | IllegalArgumentException e) {
        assertThat(e.getMessage()).isNotBlank();
      }
    }
  }

  @Test
  void shouldNameTheVersionThatItDoesNotKnow() {
    byte[] page = HexFormat.of().parseHex(GOLDEN);
    page[4] = 2;
    assertThatThrownBy(() -> CatalogueFormat.decode(ID, page))
        .isInstanceOf(FormatVersionException.class)
        .hasMessageContaining("version=2");
  }

  @Test
  void shouldBoundTheCountByThePage() {
    byte[] page = HexFormat.of().parseHex(GOLDEN);
    Arrays.fill(page, 8, 12, (byte) 0xff);
    assertThatThrownBy(() -> CatalogueFormat.decode(ID, page))
        .isInstanceOf(CorruptionException.class)
        .hasMessageContaining("count");
  }

  @Test
  void shouldRefuseANameThatCouldLeaveItsFolder() {
    byte[] page = CatalogueFormat.encode(List.of(new BlobName("aa/b")));
    byte[] climbing = "../b".getBytes(StandardCharsets.UTF_8);
    System.arraycopy(climbing, 0, page, page.length - climbing.length, climbing.length);
    assertThatThrownBy(() -> CatalogueFormat.decode(ID, page))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("id=" + ID)
        .hasMessageContaining("name refused");
  }
}
