// Bytes, maps, names, bounds and listings.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "contract.h"

namespace storage_objects {
namespace {

using base::ErrorCode;
using storage::kObjectBytesMax;
using storage::ObjectWrite;
using storage::Pool;

std::string every_byte_from(int first) {
  std::string bytes;
  for (int byte = first; byte < 256; ++byte) bytes += static_cast<char>(byte);
  return bytes;
}

std::multiset<std::string> list_all(storage::ObjectStore& store, Pool pool,
                                    const std::string& space, std::size_t page) {
  std::multiset<std::string> names;
  std::string cursor;
  do {
    const auto found = store.list(pool, space, cursor, page);
    if (!found.ok()) {
      ADD_FAILURE() << found.error().message;
      break;
    }
    EXPECT_LE(found->size(), page);
    names.insert(found->begin(), found->end());
  } while (!cursor.empty());
  return names;
}

TEST_P(ObjectStoreContract, ReadsGiveTheBytesThatAreThere) {
  for (const auto& id : {metadata(), data()}) {
    ASSERT_TRUE(store().write(id, {.data = "0123456789"}).ok());
    EXPECT_EQ(*store().read(id, 0, 10), "0123456789");
    EXPECT_EQ(*store().read(id, 3, 4), "3456");
    EXPECT_EQ(*store().read(id, 8, 100), "89");
    EXPECT_EQ(*store().read(id, 0, UINT64_MAX), "0123456789");
    EXPECT_EQ(*store().read(id, 10, 5), "");
    EXPECT_EQ(*store().read(id, 1'000'000, 5), "");
    EXPECT_EQ(*store().read(id, 2, 0), "");
    EXPECT_EQ(store().stat(id)->bytes, 10U);
  }
  EXPECT_EQ(code_of(store().read(metadata("none"), 0, 1)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().read(data("none"), 0, 0)), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, BytesThatAreReadOnTheirWayAreLikeOthers) {
  const std::string text = every_byte_from(0) + std::string(5 << 20, 'x');
  const auto source = [&](const std::string& bytes) {
    return storage::ByteSource{bytes.size(), [&bytes](std::span<char> to) {
                                 std::ranges::copy(bytes, to.begin());
                                 return base::Status();
                               }};
  };
  const auto first = store().write(data(), {.absent = true, .source = source(text)});
  ASSERT_TRUE(first.ok()) << first.error().message;
  EXPECT_EQ(*store().read(data(), 0, UINT64_MAX), text);
  const std::string little = "little", none;
  const auto second = store().write(data(), {.version = *first, .source = source(little)});
  ASSERT_TRUE(second.ok()) << second.error().message;
  EXPECT_GT(*second, *first);
  EXPECT_EQ(*store().read(data(), 0, UINT64_MAX), little);
  EXPECT_EQ(code_of(store().write(data(), {.absent = true, .source = source(text)})),
            ErrorCode::kAlreadyExists);
  ASSERT_TRUE(store().write(data(), {.source = source(none)}).ok());
  EXPECT_EQ(store().stat(data())->bytes, 0U);
}

TEST_P(ObjectStoreContract, BytesThatCannotBeReadChangeNothing) {
  ASSERT_TRUE(store().write(data(), {.data = "before"}).ok());
  const storage::ByteSource bad{7, [](std::span<char>) -> base::Status {
                                  return base::Error{ErrorCode::kDataLoss, "no bytes"};
                                }};
  EXPECT_EQ(code_of(store().write(data(), {.source = bad})), ErrorCode::kDataLoss);
  EXPECT_EQ(*store().read(data(), 0, 100), "before");
  EXPECT_EQ(code_of(store().write(data(), {.data = "both", .source = bad})),
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().write(metadata(), {.source = bad})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(code_of(store().write(data(), {.remove = true, .source = bad})),
            ErrorCode::kInvalidArgument);
}

TEST_P(ObjectStoreContract, DataIsReplacedWhole) {
  for (const auto& id : {metadata(), data()}) {
    ASSERT_TRUE(store().write(id, {.data = std::string(100'000, 'a')}).ok());
    ASSERT_TRUE(store().write(id, {.data = "short"}).ok());
    EXPECT_EQ(*store().read(id, 0, 1'000'000), "short");
    ASSERT_TRUE(store().write(id, {.data = ""}).ok());
    EXPECT_EQ(*store().read(id, 0, 10), "");
    EXPECT_EQ(store().stat(id)->bytes, 0U);
  }
}

TEST_P(ObjectStoreContract, KeysThatAreNotThereAreLeftOut) {
  const auto id = metadata();
  ASSERT_TRUE(store().write(id, {.omap_set = {{"a", "1"}, {"b", "2"}}}).ok());
  const auto page = store().omap_get(id, {"b", "c", "a", "b"});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->entries, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
  EXPECT_FALSE(page->more);
  EXPECT_TRUE(store().omap_get(id, {})->entries.empty());
  EXPECT_EQ(code_of(store().omap_get(metadata("none"), {"a"})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(store().omap_list(metadata("none"), "", "", 1)), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, AMapIsListedByPages) {
  const auto id = metadata();
  ObjectWrite change;
  for (int i = 0; i < 3000; ++i) change.omap_set["n" + std::to_string(i)] = std::to_string(i);
  for (int i = 0; i < 50; ++i) change.omap_set["p/" + std::to_string(i)] = "x";
  ASSERT_TRUE(store().write(id, change).ok());
  for (const std::size_t most : {1U, 7U, 50U, 100'000U}) {
    std::map<std::string, std::string> found;
    storage::OmapPage page{.entries = {}, .more = true, .version = 0};
    while (page.more) {
      const std::string after = found.empty() ? "" : found.rbegin()->first;
      page = *store().omap_list(id, after, most < 50 ? "p/" : "", most);
      ASSERT_LE(page.entries.size(), most);
      ASSERT_TRUE(!page.more || !page.entries.empty());
      ASSERT_TRUE(page.entries.empty() || page.entries.begin()->first > after);
      found.merge(page.entries);
    }
    EXPECT_EQ(found.size(), most < 50 ? 50U : 3050U);
    if (most >= 50) {
      EXPECT_EQ(found, change.omap_set);
    }
  }
}

TEST_P(ObjectStoreContract, APageEndsWhereThePrefixDoes) {
  const auto id = metadata();
  const std::string last(3, '\xff');
  ASSERT_TRUE(store()
                  .write(id, {.omap_set = {{"a", "1"},
                                           {"b", "2"},
                                           {"b1", "3"},
                                           {"b\xff", "4"},
                                           {"c", "5"},
                                           {last, "6"},
                                           {last + "x", "7"}}})
                  .ok());
  const auto keys = [&](const std::string& after, const std::string& prefix, std::size_t most) {
    std::vector<std::string> found;
    const auto page = store().omap_list(id, after, prefix, most);
    for (const auto& [key, value] : page->entries) found.push_back(key);
    if (page->more) found.emplace_back("...");
    return found;
  };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys("", "b", 10), (Keys{"b", "b1", "b\xff"}));
  EXPECT_EQ(keys("", "b", 3), (Keys{"b", "b1", "b\xff"}));
  EXPECT_EQ(keys("", "b", 2), (Keys{"b", "b1", "..."}));
  EXPECT_EQ(keys("b", "b", 10), (Keys{"b1", "b\xff"}));
  EXPECT_EQ(keys("b1", "", 2), (Keys{"b\xff", "c", "..."}));
  EXPECT_EQ(keys("c", "b", 10), Keys{});
  EXPECT_EQ(keys("", "zz", 10), Keys{});
  EXPECT_EQ(keys("", last, 10), (Keys{last, last + "x"}));
  EXPECT_EQ(keys(last, last, 10), Keys{last + "x"});
}

TEST_P(ObjectStoreContract, NamesKeysAndValuesHoldOddBytes) {
  const std::string odd = every_byte_from(1);
  for (const Pool pool : {Pool::kMetadata, Pool::kData}) {
    const std::string space = space_ + every_byte_from(2).substr(0, 200);
    const std::set<std::string> names = {odd,        "a/b", "..", ".", " ",       "\n", "a\tb",
                                         "\xc3\xa4", "%41", "A",  "a", "'; drop", "_",  "__"};
    for (const auto& name : names) {
      ASSERT_TRUE(store().write({pool, space, name}, {.absent = true, .data = name}).ok()) << name;
    }
    for (const auto& name : names) EXPECT_EQ(*store().read({pool, space, name}, 0, 1000), name);
    EXPECT_EQ(list_all(store(), pool, space, 3),
              std::multiset<std::string>(names.begin(), names.end()));
  }
  const std::string all = every_byte_from(0);
  ObjectWrite change;
  change.omap_set = {{all, all}, {std::string("\0", 1), std::string("\0", 1)}, {"\xff", "\xff"}};
  change.data = all;
  ASSERT_TRUE(store().write(metadata(), change).ok());
  EXPECT_EQ(store().omap_list(metadata(), "", "", 10)->entries, change.omap_set);
  EXPECT_EQ(store().omap_get(metadata(), {all})->entries.at(all), all);
  EXPECT_EQ(*store().read(metadata(), 0, 1000), all);
  EXPECT_TRUE(store().write(metadata(), {.omap_equals = {{all, all}}}).ok());
}

TEST_P(ObjectStoreContract, TheBoundsAreBounds) {
  const std::string name(2048, 'n');
  for (const auto& id : {metadata(name), data(name)}) {
    EXPECT_TRUE(store().write(id, {.data = "x"}).ok());
    EXPECT_EQ(*store().read(id, 0, 10), "x");
  }
  const std::string space(256, 's');
  EXPECT_TRUE(store().write({Pool::kMetadata, space, space_}, {.data = "x"}).ok());
  EXPECT_TRUE(store().write({Pool::kMetadata, space, space_}, {.remove = true}).ok());
  const std::string key(2048, 'k');
  EXPECT_TRUE(store().write(metadata(), {.omap_set = {{key, "v"}}}).ok());
  EXPECT_EQ(store().omap_get(metadata(), {key})->entries.size(), 1U);

  const std::vector<storage::ObjectId> refused = {metadata(""),
                                                  metadata(name + "n"),
                                                  metadata(std::string("a\0b", 3)),
                                                  {Pool::kData, space + "s", "a"},
                                                  {Pool::kData, "\x01", "a"},
                                                  {Pool::kData, std::string("\0", 1), "a"}};
  for (const auto& id : refused) {
    EXPECT_EQ(code_of(store().write(id, {.data = "x"})), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(store().read(id, 0, 1)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(store().stat(id)), ErrorCode::kInvalidArgument);
    EXPECT_EQ(code_of(store().watch(id, [](auto) {}, [] {})), ErrorCode::kInvalidArgument);
    store().notify(id, "nobody");
  }
  EXPECT_EQ(code_of(store().write(metadata(), {.omap_set = {{key + "k", "v"}}})),
            ErrorCode::kInvalidArgument);
}

TEST_P(ObjectStoreContract, TheLargestChangeFitsAndOneByteMoreDoesNot) {
  std::string bytes(kObjectBytesMax, 'x');
  bytes[12'345'678] = 'y';
  for (const auto& id : {metadata(), data()}) {
    ASSERT_TRUE(store().write(id, {.data = bytes}).ok());
    EXPECT_EQ(store().stat(id)->bytes, kObjectBytesMax);
    EXPECT_EQ(*store().read(id, 12'345'677, 3), "xyx");
    EXPECT_EQ(code_of(store().write(id, {.data = bytes + "z"})), ErrorCode::kInvalidArgument);
    EXPECT_EQ(store().stat(id)->bytes, kObjectBytesMax);
    ASSERT_TRUE(store().write(id, {.remove = true}).ok());
  }
  EXPECT_EQ(code_of(store().write(metadata(), {.data = bytes, .omap_set = {{"k", "v"}}})),
            ErrorCode::kInvalidArgument);
}

TEST_P(ObjectStoreContract, PoolsAndSpacesAreApart) {
  const std::vector<storage::ObjectId> ids = {metadata(),
                                              data(),
                                              {Pool::kMetadata, space_ + "2", "object"},
                                              {Pool::kData, space_ + "2", "object"}};
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_TRUE(store().write(ids[i], {.absent = true, .data = std::to_string(i)}).ok());
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(*store().read(ids[i], 0, 10), std::to_string(i));
    EXPECT_EQ(list_all(store(), ids[i].pool, ids[i].space, 10).size(), 1U);
  }
  EXPECT_TRUE(list_all(store(), Pool::kData, space_ + "3", 10).empty());
}

TEST_P(ObjectStoreContract, AListingHasWhatIsThereThroughoutExactlyOnce) {
  for (const Pool pool : {Pool::kMetadata, Pool::kData}) {
    std::set<std::string> stay;
    for (int i = 0; i < 60; ++i) {
      const std::string name = "stay" + std::to_string(i);
      stay.insert(name);
      ASSERT_TRUE(store().write({pool, space_, name}, {.data = "x"}).ok());
      ASSERT_TRUE(store().write({pool, space_, "go" + std::to_string(i)}, {.data = "x"}).ok());
    }
    std::multiset<std::string> found;
    std::string cursor;
    int round = 0;
    do {
      const auto page = store().list(pool, space_, cursor, 7);
      ASSERT_TRUE(page.ok()) << page.error().message;
      found.insert(page->begin(), page->end());
      const std::string number = std::to_string(round++);
      ASSERT_TRUE(store().write({pool, space_, "come" + number}, {.data = "x"}).ok());
      if (round <= 60) {
        ASSERT_TRUE(store().write({pool, space_, "go" + number}, {.remove = true}).ok());
      }
    } while (!cursor.empty());
    for (const auto& name : stay) EXPECT_EQ(found.count(name), 1U) << name;
    for (const auto& name : found)
      EXPECT_TRUE(name.starts_with("stay") || name.starts_with("go") || name.starts_with("come"));
  }
}

}  // namespace
}  // namespace storage_objects
