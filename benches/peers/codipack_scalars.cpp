// How long the scalar functions take in CoDiPack: recorded and swept, or (with the argument `itself`) the function itself.
#include <codi.hpp>

#include "serve.hpp"

using Real = codi::RealReverse;

Run recorded(const std::string& function, Size size) {
    auto f = function == "rosenbrock" ? rosenbrock<Real> : transcendental<Real>;
    return [=, x = point(size.n * size.points), variables = std::vector<Real>(size.n)](auto& gradient) mutable {
        auto& tape = Real::getTape();
        gradient.resize(x.size());
        double sum = 0.0;
        for (int first = 0; first < int(x.size()); first += size.n) {
            tape.setActive();
            for (int i = 0; i < size.n; ++i) {
                variables[i] = x[first + i];
                tape.registerInput(variables[i]);
            }
            Real y = f(variables.data(), size.n);
            tape.registerOutput(y);
            tape.setPassive();
            y.setGradient(1.0);
            tape.evaluate();
            for (int i = 0; i < size.n; ++i) gradient[first + i] = variables[i].getGradient();
            sum += y.getValue();
            tape.reset();
        }
        return sum;
    };
}

int main(int, char** arguments) {
    std::string name = "CoDiPack " CODI_VERSION ", g++ " __VERSION__;
    serve(name, every, arguments[1] == std::string("itself") ? itself : recorded);
}
