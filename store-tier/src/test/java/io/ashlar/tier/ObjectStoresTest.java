package io.ashlar.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.s3.S3Location;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ObjectStoresTest {
  @Test
  void shouldOpenADirectoryByEachFormOfItsUrl(@TempDir Path folder) throws Exception {
    Path real = folder.toRealPath();
    for (String url : new String[] {"file:" + real + "/a", "file://" + real + "/b"}) {
      try (ObjectStore store = ObjectStores.open(url)) {
        assertThat(store).isInstanceOf(FileObjectStore.class);
        assertThat(store.toString()).startsWith("file:" + real);
      }
    }
    Path relative = Path.of("target/object-stores-test");
    try (ObjectStore store = ObjectStores.open("file:" + relative)) {
      assertThat(store.toString()).isEqualTo("file:" + relative.toRealPath());
    }
    assertThat(Files.isDirectory(relative)).isTrue();
  }

  @Test
  void shouldReadEachPartOfAnS3Url() {
    S3Location location =
        S3Location.parse(
            "s3://bucket/a/b/?endpoint=http://localhost:9000&region=eu-north-1&pathStyle=true");
    assertThat(location)
        .isEqualTo(
            new S3Location(
                "bucket", "a/b/", URI.create("http://localhost:9000"), "eu-north-1", true));
    assertThat(S3Location.parse("s3://bucket/a/b"))
        .isEqualTo(new S3Location("bucket", "a/b/", null, null, false));
    assertThat(S3Location.parse("s3://bucket").prefix()).isEmpty();
    assertThat(S3Location.parse("s3://bucket/").toString()).isEqualTo("s3://bucket/");
  }

  @Test
  void shouldUseTlsUnlessTheEndpointSaysHttp() {
    assertThat(S3Location.parse("s3://bucket?endpoint=host:9000").endpoint())
        .isEqualTo(URI.create("https://host:9000"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "bucket/prefix",
        "http://host/bucket",
        "file:",
        "file://host/dir",
        "file:/dir?x=y",
        "s3:bucket",
        "s3://",
        "s3://B_ad/x",
        "s3://bucket/../x",
        "s3://bucket//x",
        "s3://bucket/x?unknown=1",
        "s3://bucket/x?region=",
        "s3://bucket/x?region=a&region=b",
        "s3://bucket/x?region=no%20spaces",
        "s3://bucket/x?region=%zz",
        "s3://bucket/x?pathStyle=maybe",
        "s3://bucket/x?endpoint=ftp://host",
        "s3://bucket/x?endpoint=http://host/path",
        "s3://bucket/x?endpoint=http://"
      })
  void shouldRefuseABadUrlByNameWithAnExample(String url) {
    assertThatThrownBy(() -> ObjectStores.open(url))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("object store URL refused: ")
        .hasMessageContaining("url=\"")
        .hasMessageContaining("s3://bucket/prefix?endpoint=http://localhost:9000");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3://key:s3cr3t@bucket/x",
        "s3://s3cr3t@bucket/x",
        "s3://bucket/x?accessKey=s3cr3t",
        "s3://bucket/x?secret_key=s3cr3t&region=eu-north-1",
        "s3://bucket/x?endpoint=http://user:s3cr3t@host:9000",
        "s3://bucket/x?endpoint=http%3A%2F%2Fuser%3As3cr3t%40host",
        "http://user:s3cr3t@host/bucket",
        "s3://AKIAS3CR3TS3CR3T0000/x",
        "s3://bucket/AKIAS3CR3TS3CR3T0000"
      })
  void shouldRefuseCredentialsWithoutRepeatingThem(String url) {
    assertThatThrownBy(() -> ObjectStores.open(url))
        .isInstanceOf(IllegalArgumentException.class)
        .satisfies(
            e -> assertThat(e.getMessage()).doesNotContain("s3cr3t").doesNotContain("S3CR3T"));
  }
}
