package io.ashlar.cli.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.ashlar.cli.console.ErrorText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileTreeTest {
  @TempDir Path temp;

  @Test
  void shouldNameFilesFromTheLastPartOfTheirPathInOrder() throws IOException {
    write("tree/b/2");
    write("tree/a");
    write("tree/b/1");
    Files.createDirectory(temp.resolve("tree/empty"));
    assertThat(walk(new FileTree(temp.resolve("tree"))).names)
        .containsExactly("tree/a", "tree/b/1", "tree/b/2");
    assertThat(walk(new FileTree(temp.resolve("tree/./b/../a"))).names).containsExactly("a");
  }

  @Test
  void shouldFollowThePathItselfButNoLinkBelow() throws IOException {
    write("real/file");
    Files.createSymbolicLink(temp.resolve("given"), temp.resolve("real"));
    Files.createSymbolicLink(temp.resolve("real/loop"), temp.resolve("real"));
    Files.createSymbolicLink(temp.resolve("real/dangling"), temp.resolve("nowhere"));
    Seen seen = walk(new FileTree(temp.resolve("given")));
    assertThat(seen.names).containsExactly("given/file");
    assertThat(seen.links).isEqualTo(2);
  }

  @Test
  void shouldSkipTheExcludedFolderAndSpecialFiles() throws Exception {
    write("tree/file");
    write("tree/store/ashlar.data");
    run("mkfifo", temp.resolve("tree/pipe").toString());
    Seen seen = walk(new FileTree(temp.resolve("tree")).excluding(temp.resolve("tree/store")));
    assertThat(seen.names).containsExactly("tree/file");
    assertThat(seen.special).isEqualTo(2);
  }

  @Test
  void shouldReportANameThatIsNotUtf8AndGoOn() throws Exception {
    write("tree/file");
    run("bash", "-c", "touch " + temp.resolve("tree") + "/$'bad\\xff'");
    Seen seen = walk(new FileTree(temp.resolve("tree")));
    assertThat(seen.names).containsExactly("tree/file");
    assertThat(seen.errors).singleElement().asString().contains("name refused");
  }

  @Test
  void shouldRefuseAMissingPath() {
    assertThatThrownBy(() -> new FileTree(temp.resolve("missing")))
        .isInstanceOf(NoSuchFileException.class);
  }

  private void write(String name) throws IOException {
    Path file = temp.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, name);
  }

  private static void run(String... command) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder(command).start().waitFor()).isZero();
  }

  private static Seen walk(FileTree tree) throws IOException {
    Seen seen = new Seen();
    tree.walk(seen);
    return seen;
  }

  private static final class Seen implements FileTree.Visitor {
    private final List<String> names = new ArrayList<>();
    private final List<String> errors = new ArrayList<>();
    private int links;
    private int special;

    @Override
    public void onFile(Path file, BlobName name, long length) {
      names.add(name.text());
    }

    @Override
    public void onLink(Path link) {
      links++;
    }

    @Override
    public void onSpecial(Path path) {
      special++;
    }

    @Override
    public void onError(Path path, Exception error) {
      errors.add(ErrorText.of(error));
    }
  }
}
