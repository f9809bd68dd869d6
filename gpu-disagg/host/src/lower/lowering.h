// One function on its way to a program: what the files of this folder share.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lanes/select.h"
#include "lower/frame.h"
#include "lower/modifiers.h"
#include "lower/symbols.h"
#include "ptx/syntax.h"
#include "run/handlers.h"
#include "run/program.h"

namespace gpu_host {

// Where a parameter or a result of a function is.
struct Formal {
  std::string_view name;
  Type type = Type::kNone;
  std::uint32_t offset = 0;  // of the frame's registers, or of local memory
  std::uint32_t bytes = 0;
  bool in_register = false;
};

struct Signature {
  std::uint32_t index = 0;  // in Program::functions
  const ptx::Function* function = nullptr;
  std::vector<Formal> parameters;
  std::vector<Formal> results;
};

// What the functions of one kernel have in common.
class KernelBuilder {
 public:
  KernelBuilder(const Symbols& symbols, std::size_t instructions_most, std::uint32_t dynamic_start)
      : symbols_(symbols), instructions_most_(instructions_most), dynamic_start_(dynamic_start) {}

  base::Result<Program> build(const ptx::Function& kernel);

  const Symbols& symbols() const { return symbols_; }
  Program& program() { return program_; }
  bool uses_dynamic_shared() const { return dynamic_used_; }
  std::size_t instructions_most() const { return instructions_most_; }
  const ptx::Function& kernel() const { return *kernel_; }

  // Adds the function to what is still to be lowered when it is new.
  const Signature& signature(const ptx::Function& function);
  // Where a .shared variable of the module, or of the function, lies; gives it its place when new.
  base::Result<std::uint32_t> shared_address(const ptx::Variable& variable, std::uint32_t line);
  // Offset of a kernel parameter.
  std::optional<std::uint32_t> parameter(std::string_view name) const;

 private:
  base::Status place_parameters();

  const Symbols& symbols_;
  std::size_t instructions_most_;
  std::uint32_t dynamic_start_;
  bool dynamic_used_ = false;
  const ptx::Function* kernel_ = nullptr;
  Program program_;
  std::deque<Signature> signatures_;
  std::unordered_map<const ptx::Function*, std::size_t> known_;
  std::unordered_map<const ptx::Variable*, std::uint32_t> shared_;
  std::unordered_map<std::string_view, std::uint32_t> parameters_;
};

class Lowering {
 public:
  Lowering(KernelBuilder& kernel, const Signature& signature);

  base::Status run();
  FunctionCode&& take_code() { return std::move(frame_.code()); }
  const Frame& frame() const { return frame_; }

 private:
  friend class KernelBuilder;
  using Status = base::Status;
  using Words = Modifiers&;
  using Rule = Status (Lowering::*)(Modifiers&);

  // An address operand: a register and what is added to it.
  struct Place {
    Space space = Space::kGeneric;
    std::uint32_t base = 0;
    bool wide = true;
    std::uint64_t offset = 0;
  };

  static const std::unordered_map<std::string_view, Rule>& rules();
  static bool is_control(std::string_view opcode);

  Status statement(const ptx::Statement& statement);
  Status declare(const ptx::Variable& variable);
  Status label(const ptx::Label& label);
  Status instruction(const ptx::Instruction& instruction);
  Status run_rule(Rule rule);
  void guard_from(std::size_t first);
  Status resolve_labels();

  // ---- operands
  base::Error error(const std::string& what) const;
  base::Error not_built(const std::string& what) const;
  Status expect_operands(std::size_t least, std::size_t most);
  base::Result<Type> need_type(Words words);
  base::Result<std::uint32_t> source(const ptx::Operand& operand, Type type);
  base::Result<std::uint32_t> source(std::size_t index, Type type);
  base::Result<std::uint32_t> named_source(const ptx::Operand& operand, Type type);
  base::Result<std::uint32_t> special_source(const ptx::Operand& operand, Type type, bool& found);
  std::uint32_t literal(const ptx::Operand& operand, Type type);
  base::Result<std::uint32_t> fit(std::uint32_t offset, bool wide, Type type);
  // A predicate; a negated one is turned round into a temporary.
  base::Result<std::uint32_t> predicate_source(const ptx::Operand& operand);
  // Where a result goes; when the register is wider, `widen_` does the rest after the instruction.
  base::Result<std::uint32_t> destination(const ptx::Operand& operand, Type type);
  base::Result<std::uint32_t> destination_named(std::string_view name, Type type);
  base::Result<std::uint32_t> predicate_destination(std::string_view name);
  base::Result<Place> place(const ptx::Operand& operand, Space space);
  base::Result<std::optional<Place>> symbol_place(std::string_view name, Space space);
  Place local_place(std::uint32_t offset, Space space);
  std::uint32_t local_address(std::uint32_t offset, bool generic);

  // ---- instructions
  Instr blank() const;
  Status emit(const OpKey& key, Instr instr);
  void emit(Handler handler, Instr instr);
  Status unary(Op op, Type to, Type from, const OpKey& key, const Instr& pattern);
  Status binary(const OpKey& key, Type d, Type a, Type b, const Instr& pattern);
  Status ternary(const OpKey& key, Type d, Type a, Type b, Type c, const Instr& pattern);
  bool float_words(Words words, Instr& instr);
  Status finish(Words words);

  Status add(Words words);
  Status sub(Words words);
  Status add_or_sub(Words words, Op op, Op carry, bool takes_carry);
  Status addc(Words words);
  Status subc(Words words);
  Status mul(Words words);
  Status mad(Words words);
  Status fma(Words words);
  Status mul24(Words words);
  Status mad24(Words words);
  Status sad(Words words);
  Status div(Words words);
  Status rem(Words words);
  Status min(Words words);
  Status max(Words words);
  Status neg(Words words);
  Status abs(Words words);
  Status copysign(Words words);
  Status and_(Words words);
  Status or_(Words words);
  Status xor_(Words words);
  Status not_(Words words);
  Status cnot(Words words);
  Status logic(Words words, Op op, Op predicate_op);
  Status shl(Words words);
  Status shr(Words words);
  Status shf(Words words);
  Status popc(Words words);
  Status clz(Words words);
  Status brev(Words words);
  Status bfe(Words words);
  Status bfi(Words words);
  Status bfind(Words words);
  Status bmsk(Words words);
  Status prmt(Words words);
  Status lop3(Words words);
  Status dp4a(Words words);
  Status rcp(Words words);
  Status sqrt(Words words);
  Status rsqrt(Words words);
  Status sin(Words words);
  Status cos(Words words);
  Status lg2(Words words);
  Status ex2(Words words);
  Status tanh(Words words);
  Status simple(Words words, Op op, std::size_t operands);

  Status setp(Words words);
  Status set(Words words);
  Status compare(Words words, Instr& instr, OpKey& key, std::size_t first);
  Status selp(Words words);
  Status slct(Words words);
  Status testp(Words words);
  Status mov(Words words);
  Status mov_vector(Type type);
  Status mov_address(Type type, bool& done);
  Status cvt(Words words);
  Status cvta(Words words);
  Status isspacep(Words words);
  Status ld(Words words);
  Status st(Words words);
  Status prefetch(Words words);
  Status memory(Words words, Op op);
  Status atom(Words words);
  Status red(Words words);
  Status atomic(Words words, bool has_result);
  Status fence(Words words);

  Status bra(Words words);
  Status call(Words words);
  Status call_builtin(std::string_view name, const ptx::Operand* results,
                      const ptx::Operand* arguments, bool& done);
  Status pass(const ptx::Operand& operand, const Formal& formal, bool result,
              std::vector<Passed>& out);
  Status ret(Words words);
  Status exit(Words words);
  Status trap(Words words);
  Status bar(Words words);
  Status bar_kind(Words words, BarrierKind& kind);
  Status shfl(Words words);
  Status vote(Words words);
  Status match(Words words);
  Status redux(Words words);
  Status activemask(Words words);
  Status nanosleep(Words words);
  Status member_mask(Instr& instr, bool sync, std::size_t index);

  KernelBuilder& kernel_;
  const Signature& signature_;
  Program& program_;
  Frame frame_;
  const ptx::Instruction* now_ = nullptr;
  struct Widen {
    std::uint32_t from = 0, to = 0;
    Type type = Type::kNone;
  };
  std::vector<Widen> widen_;
  struct Jump {
    std::size_t instruction = 0;
    std::string_view label;
    std::uint32_t line = 0;
  };
  std::vector<Jump> jumps_;
  std::unordered_map<std::string_view, std::uint32_t> labels_;
  std::deque<ptx::Variable> shared_;
  std::unordered_map<std::string_view, const ptx::Variable*> shared_names_;
  std::optional<std::uint32_t> carry_;
};

}  // namespace gpu_host
